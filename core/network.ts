import { isIP } from 'node:net'

/**
 * The network of one client, to count by. Whoever has IPv6 has 2^64 addresses and more, so only the first 64 bits tell clients apart;
 * an IPv4 address, be it written as IPv6, is counted as it is.
 */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || isIP(address) !== 6) return mapped ?? address
  const [head = [], tail] = address.replace(/%.*$/, '').split('::').map((part) => part.split(':').filter(Boolean))
  // A dotted end stands for two groups; it is never among the first four.
  const groups = tail ? [...head, ...Array<string>(8 - head.length - tail.length - (tail.at(-1)?.includes('.') ? 1 : 0)).fill('0'), ...tail] : head
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
