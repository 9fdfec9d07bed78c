// The drawing library, with only the parts in use. A file of its own, so that it is fetched when a chart is first seen.

import { LineChart } from 'echarts/charts'
import { GridSimpleComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

register([LineChart, GridSimpleComponent, CanvasRenderer])

/** Must be disposed of when its element goes. */
export function openCanvas(element: HTMLElement) {
  return init(element, null, { renderer: 'canvas' })
}

export type Canvas = ReturnType<typeof openCanvas>
