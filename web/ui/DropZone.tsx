// A place to drop a file on, which is also a button that chooses one.

import { type DragEvent, type ReactNode, useId, useState } from 'react'
import css from './DropZone.module.css'
import { Icon } from './Icon.tsx'

interface DropZoneProps {
  title: string
  text: ReactNode
  large?: boolean
  onFile: (file: File) => void
}

export function DropZone({ title, text, large = false, onFile }: DropZoneProps) {
  const [over, setOver] = useState(false)
  const id = useId()

  function onDrop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer.files[0]
    if (file) onFile(file)
  }

  return (
    <label
      htmlFor={id}
      className={css.zone}
      data-over={over || undefined}
      data-large={large || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <span className={css.icon}>
        <Icon name="upload" size={large ? 22 : 18} />
      </span>
      <span className={css.words}>
        <span className={css.title}>{title}</span>
        <span className={css.text}>{text}</span>
      </span>
      <input
        id={id}
        type="file"
        className={css.input}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          event.currentTarget.value = ''
          if (file) onFile(file)
        }}
      />
    </label>
  )
}
