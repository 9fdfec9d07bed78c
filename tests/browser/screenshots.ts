/**
 * Pictures of the pages for the documentation: `npm run screenshots` starts the product with the demo grid in a
 * folder of its own and writes PNG files into docs/images/. The pages must have been built.
 */
import { mkdir } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { DEMO_BOARD } from '../../server/demo/board.ts'
import { launchChromium, newPage } from '../chromium.ts'
import { ENGINES, startApp } from '../harness.ts'
import { DASHBOARD, dropFile, paintAll, signIn } from './visit.ts'

interface Picture {
  name: string
  path: string
  width: number
  height: number
  colorScheme: 'light' | 'dark'
  act?: (page: Page) => Promise<void>
}

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const paint = (page: Page) => paintAll(page, DEMO_BOARD.panels.length)
const wide = { width: 1440, height: 1000 }
const PICTURES: Picture[] = [
  { name: 'dashboard-light', path: DASHBOARD, ...wide, colorScheme: 'light', act: pointAtChart },
  { name: 'dashboard-dark', path: DASHBOARD, ...wide, colorScheme: 'dark', act: pointAtChart },
  { name: 'dashboard-narrow', path: DASHBOARD, width: 360, height: 1400, colorScheme: 'light', act: paint },
  { name: 'home', path: '/', width: 1200, height: 760, colorScheme: 'light' },
  { name: 'load-file', path: '/', width: 1200, height: 760, colorScheme: 'dark', act: dropReadings },
  { name: 'refused-rows', path: '/', width: 1200, height: 760, colorScheme: 'light', act: openRefused },
]

// A test's context brings what closes the product and the browser, also when a picture fails.
test('pictures of the pages', async (t) => {
  const app = await startApp(t, ENGINES.embedded)
  const load = await app.app.loadDemo()
  if (load) await app.loaded(load.id)
  const browser = await launchChromium(t)
  await mkdir(FOLDER, { recursive: true })
  for (const { name, path, width, height, colorScheme, act } of PICTURES) {
    const page = await newPage(browser, { width, height, colorScheme })
    await signIn(page, app.url, path)
    await act?.(page)
    await page.waitForLoadState('networkidle')
    await page.screenshot({ path: `${FOLDER}${name}.png` })
    await page.context().close()
  }
})

async function pointAtChart(page: Page): Promise<void> {
  await paint(page)
  const plot = await page.locator('[data-brush]').first().boundingBox()
  if (plot) await page.mouse.move(plot.x + plot.width * 0.34, plot.y + 60)
}

async function dropReadings(page: Page): Promise<void> {
  await dropFile(
    page,
    'measurements.csv',
    'Ts|SignalId|MeasurementValue\n2026-11-20 00:00:00.000|rothalde-l1-power|5,25\n2026-11-20 00:05:00.000|rothalde-l1-power|5,5\n',
  )
  await page.getByRole('dialog').waitFor()
}

async function openRefused(page: Page): Promise<void> {
  await page.getByRole('table').getByRole('link').first().click()
  await page.getByRole('heading', { name: /refused rows/ }).waitFor()
}
