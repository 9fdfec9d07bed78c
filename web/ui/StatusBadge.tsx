// The state of something that runs in the background.

import { Badge, type Tone } from './Badge.tsx'

const TONES: Record<string, Tone> = { running: 'accent', done: 'good', failed: 'bad' }

export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={TONES[status] ?? 'plain'}>{status}</Badge>
}
