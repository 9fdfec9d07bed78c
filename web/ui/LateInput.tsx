// A text field that tells its text when one pauses or leaves, not at every key.

import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef } from 'react'

const PAUSE_MS = 400

interface LateInputProps extends Omit<TextInputProps, 'value' | 'defaultValue' | 'onChange' | 'onBlur'> {
  value: string
  onText: (text: string) => void
}

export function LateInput({ value, onText, ...rest }: LateInputProps) {
  const input = useRef<HTMLInputElement>(null)
  const tell = useDebouncedCallback(
    (text: string) => {
      if (text !== value) onText(text)
    },
    { delay: PAUSE_MS, flushOnUnmount: true },
  )
  useEffect(() => {
    // What comes from elsewhere does not write over what is being typed.
    if (input.current && input.current !== document.activeElement) input.current.value = value
  }, [value])
  return (
    <TextInput
      {...rest}
      ref={input}
      defaultValue={value}
      onChange={(event) => tell(event.currentTarget.value)}
      onBlur={() => tell.flush()}
    />
  )
}
