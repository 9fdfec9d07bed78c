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
  { name: 'load-file', path: '/data', ...wide, height: 800, colorScheme: 'light', act: dropReadings },
  { name: 'load-file-dark', path: '/data', ...wide, height: 800, colorScheme: 'dark', act: dropReadings },
  {
    name: 'load-file-narrow',
    path: '/data',
    width: 360,
    height: 1400,
    colorScheme: 'light',
    act: dropReadings,
  },
  { name: 'refused-rows', path: '/data', ...wide, colorScheme: 'light', act: openRefused },
  { name: 'refused-rows-dark', path: '/data', ...wide, colorScheme: 'dark', act: openRefused },
  { name: 'data', path: '/data', width: 1200, height: 760, colorScheme: 'light' },
  { name: 'data-narrow', path: '/data', width: 360, height: 760, colorScheme: 'dark' },
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

/** A day of readings, with a row on every thirtieth line that cannot be stored. */
async function dropReadings(page: Page): Promise<void> {
  const rows = Array.from({ length: 288 }, (_, index) => {
    const time = new Date(Date.UTC(2026, 10, 20, 0, 5 * index)).toISOString()
    const value = index % 30 === 29 ? 'n/a' : (5 + Math.sin(index / 20)).toFixed(2).replace('.', ',')
    const signal = index % 45 === 44 ? 'rothalde-l9-power' : 'rothalde-l1-power'
    return `${time.slice(0, 19).replace('T', ' ')}.000|${signal}|${value}\n`
  })
  await dropFile(page, 'measurements.csv', `Ts|SignalId|MeasurementValue\n${rows.join('')}`)
  await page.getByRole('heading', { name: 'As it would be stored' }).waitFor()
}

/** Loads them, and opens the first reason for which rows were refused. */
async function openRefused(page: Page): Promise<void> {
  await dropReadings(page)
  await page.getByRole('button', { name: 'Load', exact: true }).click()
  await page.getByRole('heading', { name: /refused rows/ }).waitFor()
  await page.getByRole('link', { expanded: false }).first().click()
  await page
    .getByRole('button', { name: /^Mend line/ })
    .first()
    .waitFor()
}
