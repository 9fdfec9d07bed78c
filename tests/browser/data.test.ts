import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, newPage } from '../chromium.ts'
import { ENGINES, type Running, startApp } from '../harness.ts'
import {
  accessibilityFindings,
  complaintsOf,
  countsOf,
  dropFile,
  layoutShift,
  rowCounts,
  signIn,
} from './visit.ts'

const SHIFT_LIMIT = 0.05
const GOOD_ROWS = 20
/** Good rows, then two that hold no number, and one of a signal that nobody knows. */
const READINGS = [
  '\ufeffTs|SignalId|MeasurementValue',
  ...Array.from({ length: GOOD_ROWS }, (_, index) => reading(index, 'u1', `110,${index + 10}`)),
  reading(20, 'u1', 'n/a'),
  reading(21, 'u1', 'n/a'),
  reading(22, 'nobody-knows', '111,0'),
  '',
].join('\n')
const STATS = 'column_1,column_2\n1,one\n2,two\n3,three\n'

function reading(index: number, signal: string, value: string): string {
  const time = new Date(Date.UTC(2026, 0, 31, 12, 5 * index)).toISOString()
  return `${time.slice(0, 10)} ${time.slice(11, 23)}|${signal}|${value}`
}

async function start(t: TestContext): Promise<Running> {
  const app = await startApp(t, ENGINES.embedded)
  await app.givenSignal({ id: 'u1', unit: 'kV' })
  return app
}

/** Drops the readings and waits until they were looked at. */
async function lookInto(page: Page, text = READINGS, name = 'readings.csv'): Promise<void> {
  await dropFile(page, name, text)
  await page.getByRole('heading', { name: 'As it would be stored' }).waitFor()
}

async function loadReadings(page: Page): Promise<void> {
  await lookInto(page)
  await page.getByRole('button', { name: 'Load', exact: true }).click()
  await page.getByRole('heading', { name: '3 refused rows' }).waitFor()
}

test('a file is looked into, loaded, mended and taken back', async (t) => {
  const app = await start(t)
  const page = await newPage(await launchChromium(t))
  const complaints = complaintsOf(page)
  await signIn(page, app.url, '/data')

  // What it would become is shown before anything is stored.
  await lookInto(page)

  assert.deepEqual(await countsOf(page, 'data-preview-counts'), { Accepted: '20', Refused: '3' })
  assert.equal(await page.getByLabel('Into').inputValue(), 'measurements')
  assert.equal(await page.getByLabel('What SignalId becomes').inputValue(), 'signal_id')
  assert.equal((await app.get('/loads')).body.items.length, 0)

  // A guess that is changed is looked at again, and stands in the address.
  await page.getByText('How it is read').click()
  await page.getByLabel('Decimals after a').selectOption('.')
  await page.waitForFunction(() =>
    document.querySelector('[data-preview-counts]')?.textContent?.includes('Accepted0'),
  )

  assert.match(new URL(page.url()).searchParams.get('mapping') ?? '', /"decimal":"\."/)
  await page.getByLabel('Decimals after a').selectOption(',')
  await page.waitForFunction(() =>
    document.querySelector('[data-preview-counts]')?.textContent?.includes('Accepted20'),
  )

  // How it is read is kept under a name.
  await page.getByRole('button', { name: 'Save as…' }).click()
  await page.getByLabel('Name of the mapping').fill('scada-export')
  await page.getByRole('button', { name: 'Save', exact: true }).click()

  await page.getByLabel('Read by').selectOption('scada-export')
  await page.waitForURL((url) => url.searchParams.get('mapping')?.includes('scada-export') ?? false)
  await page.locator('[data-preview-counts]').getByText('20', { exact: true }).waitFor()

  // Loading it tells what became of its rows.
  await page.getByRole('button', { name: 'Load', exact: true }).click()
  await page.getByRole('heading', { name: '3 refused rows' }).waitFor()

  assert.deepEqual(await rowCounts(page), {
    Read: '23',
    New: '20',
    Corrected: '0',
    'Already there': '0',
    Refused: '3',
  })

  // Rows of one reason are mended at once and sent again.
  await page.getByRole('link', { name: /MeasurementValue.*n\/a/ }).click()
  await page.getByRole('textbox', { name: 'by' }).fill('5,5')
  await page.getByRole('button', { name: 'Replace and replay 2 rows' }).click()

  await page.getByText('Sent again: 2 new.').waitFor()
  await page.getByRole('link', { name: 'Mended', exact: true }).click()
  await page.getByRole('link', { name: 'sent again' }).first().waitFor()
  assert.equal(await page.getByRole('insertion').first().textContent(), '5,5')

  // One row is mended in its cells.
  await page.getByRole('link', { name: /SignalId.*nobody-knows/ }).click()
  await page.getByRole('button', { name: 'Mend line 24' }).click()
  await page.getByLabel('SignalId of line 24').fill('u1')
  await page.keyboard.press('Enter')

  await page.getByText('Sent again: 1 new.').waitFor()
  assert.equal((await app.get('/signals/u1')).body.count, GOOD_ROWS + 3)

  // Undoing it says what was removed, and the back button leads back.
  await page.getByRole('button', { name: 'Undo this load' }).click()
  await page.getByText(/^Undone .*: 20 rows removed/).waitFor()

  assert.equal((await app.get('/signals/u1')).body.count, 3)
  await page.getByRole('link', { name: 'Data' }).click()
  await page.getByRole('link', { name: 'readings.csv', exact: true }).waitFor()
  await page.goBack()
  await page.getByText(/^Undone /).waitFor()

  assert.deepEqual(complaints, [])
})

test('the history of loads is filtered by its address', async (t) => {
  const app = await start(t)
  const page = await newPage(await launchChromium(t))
  await signIn(page, app.url, '/data')
  await loadReadings(page)

  await page.goto(`${app.url}/data?target=measurements`)
  await page.getByRole('link', { name: 'readings.csv' }).waitFor()
  await page.getByLabel('State').selectOption('failed')

  await page.getByText('No load is like that').waitFor()
  assert.equal(new URL(page.url()).search, '?target=measurements&status=failed')
})

test('a file becomes a table of its own', async (t) => {
  const app = await start(t)
  const page = await newPage(await launchChromium(t))
  await signIn(page, app.url, '/')

  await dropFile(page, 'stats.csv', STATS)
  await page.getByRole('heading', { name: 'As it would be stored' }).waitFor()
  await page.getByRole('button', { name: 'Load', exact: true }).click()
  await page.getByRole('link', { name: 'Open the table stats' }).click()

  await page.getByRole('cell', { name: 'three' }).waitFor()
  await page.getByRole('link', { name: 'Datasets' }).click()
  await page.getByRole('link', { name: 'stats' }).waitFor()
})

test('a user who may only read sees loads and tables, and no way to change them', async (t) => {
  const app = await start(t)
  const browser = await launchChromium(t)
  const manager = await newPage(browser)
  await signIn(manager, app.url, '/data')
  await loadReadings(manager)
  const page = await newPage(browser)

  await signIn(page, app.url, new URL(manager.url()).pathname, 'user')
  await page.getByRole('heading', { name: '3 refused rows' }).waitFor()

  assert.equal(await page.getByRole('button', { name: 'Undo this load' }).count(), 0)
  await page.goto(`${app.url}/data/new`)
  await page.getByText('Only a manager can load files').waitFor()
})

test('an address from before leads to the load', async (t) => {
  const app = await start(t)
  const page = await newPage(await launchChromium(t))

  await signIn(page, app.url, '/loads/none')

  await page.waitForURL('**/data/loads/none')
  await page.getByText('This could not be shown').waitFor()
})

test('the pages of the data', async (t) => {
  const app = await start(t)
  const browser = await launchChromium(t)
  const first = await newPage(browser)
  await signIn(first, app.url, '/data')
  await lookInto(first, STATS, 'stats.csv')
  await first.getByRole('button', { name: 'Load', exact: true }).click()
  await first.getByRole('link', { name: 'Open the table stats' }).waitFor()
  await first.goto(`${app.url}/data`)
  await loadReadings(first)
  const load = new URL(first.url()).pathname

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1440, 360]) {
      await t.test(`break no rule, ${colorScheme}, ${width} pixels wide`, async () => {
        await checkPages(browser, { url: app.url, load, colorScheme, width })
      })
    }
  }
})

interface Look {
  url: string
  load: string
  colorScheme: 'light' | 'dark'
  width: number
}

async function checkPages(browser: Browser, { url, load, colorScheme, width }: Look): Promise<void> {
  const page = await newPage(browser, { colorScheme, width, height: 900 })
  const complaints = complaintsOf(page)
  const findings: string[] = []
  const check = async (shown: () => Promise<unknown>) => {
    await shown()
    await page.waitForFunction(() => document.querySelector('[data-skeleton]') === null)
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), 0)
    assert.ok((await layoutShift(page)) <= SHIFT_LIMIT)
    findings.push(...(await accessibilityFindings(page)))
  }
  await signIn(page, url, '/data')

  await check(() => page.getByRole('link', { name: 'readings.csv' }).waitFor())
  await check(async () => {
    await lookInto(page)
    for (const part of await page.locator('summary').all()) await part.click()
    await page.getByLabel('Add a rule').selectOption('value')
    await page.getByLabel('At least').waitFor()
  })
  await page.goto(url + load)
  await check(async () => {
    await page.getByRole('link', { name: /MeasurementValue.*n\/a/ }).click()
    await page.getByRole('button', { name: 'Mend line 22' }).click()
  })
  await page.goto(`${url}/data/datasets/stats`)
  await check(() => page.getByRole('cell', { name: 'three' }).waitFor())
  await page.getByRole('link', { name: 'Datasets' }).click()
  await check(() => page.getByRole('link', { name: 'stats' }).waitFor())
  await page.getByRole('link', { name: 'Mappings' }).click()
  await check(() => page.getByRole('heading', { name: 'Named mappings' }).waitFor())

  assert.deepEqual(findings, [])
  assert.deepEqual(complaints, [])
}
