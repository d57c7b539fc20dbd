/** What is wrong with the file of an app rather than with the server; its message tells whoever sent it what to do. */
export class Unreadable extends Error { override readonly name = 'Unreadable' }
