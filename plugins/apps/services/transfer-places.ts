/** Where the text of a file lies, where an address is that of a page around it. */

/** Of a page of GitHub that shows a file, the address of the file itself; any other as it is. */
export const placeOfFile = (text: string): string => {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (!['github.com', 'www.github.com'].includes(url.hostname) || !['http:', 'https:'].includes(url.protocol)) return text
  const [, owner, repository, kind, ...path] = url.pathname.split('/')
  return (kind === 'blob' || kind === 'raw') && path.length > 1 ? `https://raw.githubusercontent.com/${owner ?? ''}/${repository ?? ''}/${path.join('/')}` : text
}
