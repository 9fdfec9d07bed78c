import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { DEMO_BOARD } from '../../server/demo/board.ts'
import { launchChromium, newPage } from '../chromium.ts'
import { ENGINES, type Running, startApp } from '../harness.ts'
import {
  accessibilityFindings,
  chartColours,
  complaintsOf,
  DASHBOARD,
  layoutShift,
  paintAll,
  signIn,
} from './visit.ts'

const PANELS = DEMO_BOARD.panels.length
/** What the line charts of the demo draw, in the order of its panels. */
const LINES = DEMO_BOARD.panels.flatMap((panel) =>
  panel.type === 'line' ? (panel.signal_ids ?? [panel.metric_id ?? '']) : [],
)
const SCRIPT_LIMIT_BYTES = 350_000
const SHIFT_LIMIT = 0.05

async function startWithDemo(t: TestContext): Promise<Running> {
  const app = await startApp(t, ENGINES.embedded)
  const load = await app.app.loadDemo()
  assert.ok(load)
  assert.equal((await app.loaded(load.id)).status, 'done')
  return app
}

test('signing in', async (t) => {
  const { url } = await startApp(t, ENGINES.embedded)
  const browser = await launchChromium(t)

  await t.test('leads back to the page that was asked for', async () => {
    const page = await newPage(browser)

    await signIn(page, url, '/data/loads/none?x=1')

    assert.equal(new URL(page.url()).pathname, '/data/loads/none')
    await page.getByText('This could not be shown').waitFor()
  })

  await t.test('with a wrong password says so, and the form breaks no rule of accessibility', async () => {
    const page = await newPage(browser)
    await page.goto(url)

    await page.getByLabel('Name').fill('manager')
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()

    await page.getByRole('alert').waitFor()
    assert.deepEqual(await accessibilityFindings(page), [])
  })

  await t.test('ends with signing out', async () => {
    const page = await newPage(browser)
    await signIn(page, url)

    await page.getByRole('button', { name: 'Account manager' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()

    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  })
})

test('an empty system', async (t) => {
  const { url } = await startApp(t, ENGINES.embedded)
  const browser = await launchChromium(t)

  await t.test('tells a user that there is nothing yet', async () => {
    const page = await newPage(browser)

    await signIn(page, url, '/', 'user')

    await page.getByText('Nothing has been loaded yet').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Load the demo grid' }).count(), 0)
  })

  await t.test('loads the demo grid at the press of a button, and shows its dashboard', async () => {
    const page = await newPage(browser)
    await signIn(page, url)
    assert.deepEqual(await accessibilityFindings(page), [])

    await page.getByRole('button', { name: 'Load the demo grid' }).click()
    await page.getByRole('link', { name: `Open ${DEMO_BOARD.name}` }).click()

    await paintAll(page, PANELS)
  })
})

test('the demo dashboard', async (t) => {
  const app = await startWithDemo(t)
  const browser = await launchChromium(t)

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 360]) {
      await t.test(`paints all of its panels, ${colorScheme}, ${width} pixels wide`, async () => {
        await checkPainting(browser, app.url, colorScheme, width)
      })
    }
  }

  await t.test(`sends less than ${SCRIPT_LIMIT_BYTES / 1000} kB of JavaScript`, async () => {
    const page = await newPage(browser)
    await signIn(page, app.url)
    const sent = new Map<string, Promise<number>>()
    page.on('requestfinished', (request) => {
      if (!request.url().endsWith('.js')) return
      sent.set(
        request.url(),
        request.sizes().then(({ responseBodySize }) => responseBodySize),
      )
    })

    await page.goto(app.url + DASHBOARD)
    await paintAll(page, PANELS)

    const bytes = (await Promise.all(sent.values())).reduce((sum, size) => sum + size, 0)
    assert.ok(bytes > 0 && bytes < SCRIPT_LIMIT_BYTES, `${bytes} bytes`)
  })

  await t.test('zooms by dragging, and the back button undoes it', async () => {
    const page = await newPage(browser)
    await signIn(page, app.url, DASHBOARD)
    await paintAll(page, PANELS)
    const plot = await page.locator('[data-brush]').first().boundingBox()
    assert.ok(plot)

    await page.mouse.move(plot.x + plot.width * 0.3, plot.y + 60)
    await page.mouse.down()
    await page.mouse.move(plot.x + plot.width * 0.5, plot.y + 60, { steps: 5 })
    await page.mouse.up()

    await page.waitForURL((url) => url.searchParams.has('from'))
    const { searchParams } = new URL(page.url())
    const [from, to] = [Date.parse(searchParams.get('from') ?? ''), Date.parse(searchParams.get('to') ?? '')]
    assert.ok(to - from > 2 * 86_400_000 && to - from < 4 * 86_400_000, `${from} to ${to}`)
    await page.goBack()
    await page.waitForURL((url) => !url.searchParams.has('from'))
  })

  await t.test('points at one instant on all charts', async () => {
    const page = await newPage(browser)
    await signIn(page, app.url, DASHBOARD)
    await paintAll(page, PANELS)
    const plot = await page.locator('[data-brush]').first().boundingBox()
    assert.ok(plot)

    await page.mouse.move(plot.x + plot.width * 0.3, plot.y + 60)

    await page.locator('[data-cursor]').nth(1).waitFor({ state: 'attached' })
    const lines = await page
      .locator('[data-cursor]')
      .evaluateAll((found) => found.map((line) => line.getBoundingClientRect().left))
    assert.equal(new Set(lines).size, 1)
    const dots = await page
      .locator('[data-dot]')
      .evaluateAll((found) => found.map((dot) => dot.getAttribute('data-dot')))
    assert.deepEqual(dots, LINES)
  })

  await t.test('has a table behind a chart, with its own address', async () => {
    const page = await newPage(browser)
    await signIn(page, app.url, DASHBOARD)
    await paintAll(page, PANELS)

    await page.getByRole('button', { name: 'Menu of Power by line' }).click()
    await page.getByRole('menuitem', { name: 'View data' }).click()

    await page.getByRole('dialog').getByRole('columnheader', { name: 'Time, Europe/Zurich' }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('table'), 'lines')
    assert.deepEqual(await accessibilityFindings(page), [])
  })

  await t.test('is led by keys', async () => {
    const page = await newPage(browser)
    await signIn(page, app.url, DASHBOARD)
    await paintAll(page, PANELS)

    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.getByRole('button', { name: 'Whole data' }).click()

    await page.waitForURL((url) => url.searchParams.has('from'))
    await paintAll(page, PANELS)
  })
})

async function checkPainting(browser: Browser, url: string, colorScheme: 'light' | 'dark', width: number) {
  const page = await newPage(browser, { colorScheme, width, height: 900 })
  const complaints = complaintsOf(page)
  await signIn(page, url, DASHBOARD)

  await paintAll(page, PANELS)

  assert.equal(await page.getByRole('alert').count(), 0, 'no panel failed')
  assert.ok(
    (await chartColours(page)).every((colours) => colours > 1),
    'every chart has something drawn on it',
  )
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0)
  assert.ok((await layoutShift(page)) <= SHIFT_LIMIT)
  assert.deepEqual(await accessibilityFindings(page), [])
  assert.deepEqual(complaints, [])
}
