// The kinds of settings: what their text may be, and the value that it means.

/** How a setting's text becomes its value. `says` completes "it must be …". */
export interface Kind<T> {
  says: string
  read(text: string): T | undefined
}

export function text(maxLength: number): Kind<string> {
  return {
    says: `text of at most ${maxLength} characters`,
    read: (value) => (value.length <= maxLength && !value.includes('\0') ? value : undefined),
  }
}

export function whole(min: number, max: number): Kind<number> {
  return {
    says: `a whole number from ${min} to ${max}`,
    read: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      return number >= min && number <= max ? number : undefined
    },
  }
}

export function oneOf<const T extends string>(...choices: T[]): Kind<T> {
  return { says: `one of ${choices.join(', ')}`, read: (value) => choices.find((choice) => choice === value) }
}

export function address(protocols: string[]): Kind<string> {
  return {
    says: `an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    read: (value) =>
      value === '' || (URL.canParse(value) && protocols.includes(new URL(value).protocol))
        ? value
        : undefined,
  }
}

export function zone(): Kind<string> {
  return {
    says: 'the IANA name of a zone, such as UTC or Europe/Berlin',
    read: (value) => {
      try {
        return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value
      } catch {
        return undefined
      }
    },
  }
}

export function hosts(): Kind<string[]> {
  return {
    says: 'names or addresses with commas between, without ports, such as tidemark.example,[2001:db8::1]',
    read: (value) => {
      const parts = value === '' ? [] : value.split(',').map((part) => part.trim())
      return parts.every((part) => /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/i.test(part)) ? parts : undefined
    },
  }
}

export function networks(): Kind<string[]> {
  const network =
    /^(?:loopback|linklocal|uniquelocal|(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?|[0-9a-fA-F:]+(?:\/\d{1,3})?)$/
  return {
    says: 'addresses or networks with commas between, such as 10.0.0.0/8,loopback',
    read: (value) => {
      const parts = value === '' ? [] : value.split(',').map((part) => part.trim())
      return parts.every((part) => network.test(part)) ? parts : undefined
    },
  }
}
