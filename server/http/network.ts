// What is taken for one place on the network: an IPv4 address, or the first 64 bits of an IPv6 one, of which whoever
// has one has them all.

import { isIPv6 } from 'node:net'

/** `192.0.2.1` as it is, also when written as IPv6; `2001:db8:0:0` for `2001:db8::1`. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const plain = address.split('%')[0] ?? address
  if (!isIPv6(plain)) return address
  const [head = '', tail] = plain.toLowerCase().split('::')
  const left = groupsOf(head)
  if (tail === undefined) return left.slice(0, 4).join(':')
  const right = groupsOf(tail)
  // An IPv4 address at the end stands for two groups.
  const missing = 8 - left.length - right.length - (tail.includes('.') ? 1 : 0)
  return [...left, ...Array.from({ length: missing }, () => '0'), ...right].slice(0, 4).join(':')
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, ''))
}
