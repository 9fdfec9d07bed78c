/** What people do on the pages, for tests and pictures: sign in, open the demo dashboard, drop a file. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

export const DASHBOARD = '/dashboards/demo-grid'
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Collects what the browser complains about, but for the 401s by which a page learns that nobody is signed in. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    const isSignedOut = message.text().includes('401 (Unauthorized)')
    if (['error', 'warning'].includes(message.type()) && !isSignedOut) complaints.push(message.text())
  })
  return complaints
}

/** From the form, ending at `path`. */
export async function signIn(page: Page, url: string, path = '/', name = 'manager'): Promise<void> {
  await page.goto(url + path)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: `Account ${name}` }).waitFor()
}

/** Scrolls through the dashboard until each of its panels has come to an end: data, nothing, or a failure. */
export async function paintAll(page: Page, panels: number): Promise<void> {
  await page.waitForFunction(
    (count) => {
      const shown = [...document.querySelectorAll('[data-panel]')]
      const waiting = [...document.querySelectorAll('[data-skeleton]')]
      waiting[0]?.scrollIntoView()
      return (
        shown.length === count &&
        shown.every((panel) => panel.hasAttribute('data-ready')) &&
        waiting.length === 0
      )
    },
    panels,
    { polling: 50 },
  )
  await page.evaluate(() => window.scrollTo(0, 0))
}

/** How many distinct colours each chart's canvas has: an empty one has one. */
export function chartColours(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('canvas')].map((canvas) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
      const colours = new Set<number>()
      for (let i = 0; i < pixels.length; i += 4) {
        if ((pixels[i + 3] ?? 0) > 200) {
          colours.add(
            ((pixels[i] ?? 0) >> 5) * 64 + ((pixels[i + 1] ?? 0) >> 5) * 8 + ((pixels[i + 2] ?? 0) >> 5),
          )
        }
      }
      return colours.size
    }),
  )
}

/** The rules that the page breaks, each with the elements that do. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** How far the content moved by itself while the page was built up, as browsers count it. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        // The type of these entries is not among the browser's standard types. What follows an input was asked for.
        const values = (list: PerformanceEntry[]) =>
          list
            .filter((entry) => Reflect.get(entry, 'hadRecentInput') !== true)
            .map((entry) => Number(Reflect.get(entry, 'value')))
        new PerformanceObserver((list) =>
          resolve(values(list.getEntries()).reduce((sum, value) => sum + value, 0)),
        ).observe({ type: 'layout-shift', buffered: true })
        // Without any shift there is no entry to be told of.
        requestAnimationFrame(() => setTimeout(() => resolve(0), 50))
      }),
  )
}

/** As a person drops a file from the desktop. */
export async function dropFile(page: Page, name: string, text: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([fileName, content]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([content], fileName, { type: 'text/csv' }))
      return transfer
    },
    [name, text] as const,
  )
  await page.getByText('Drop a file').dispatchEvent('drop', { dataTransfer })
}

/** The counts of a load's page, by their names. */
export function rowCounts(page: Page): Promise<Record<string, string>> {
  return countsOf(page, 'data-counts')
}

/** The figures of the list with that attribute, by their names. */
export function countsOf(page: Page, attribute: string): Promise<Record<string, string>> {
  return page.evaluate(
    (name) =>
      Object.fromEntries(
        [...document.querySelectorAll(`[${name}] > div`)].map((row) => [
          row.querySelector('dt')?.textContent ?? '',
          row.querySelector('dd')?.textContent ?? '',
        ]),
      ),
    attribute,
  )
}
