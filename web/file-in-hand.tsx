// The file that someone dropped or chose, on its way from the page where that was to the page that looks into it. It
// cannot stand in an address, so it is gone after a reload.

import { createContext, type ReactNode, use, useMemo, useState } from 'react'

interface FileInHand {
  file: File | null
  take: (file: File | null) => void
}

const Hand = createContext<FileInHand>({ file: null, take: () => undefined })

export function FileInHandProvider({ children }: { children: ReactNode }) {
  const [file, take] = useState<File | null>(null)
  const value = useMemo(() => ({ file, take }), [file])
  return <Hand value={value}>{children}</Hand>
}

export function useFileInHand(): FileInHand {
  return use(Hand)
}
