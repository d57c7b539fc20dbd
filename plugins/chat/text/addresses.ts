/** The name at the end of an address, for a file that lies elsewhere; empty where there is none. */
export const nameIn = (url: string | null): string => {
  try { return decodeURIComponent(new URL(url ?? '').pathname.split('/').at(-1) ?? '') } catch { return '' }
}
