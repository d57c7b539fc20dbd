/** What this plugin lets somebody do, and how it is told to whoever grants it. */
export const permissions = {
  'annotation:list': 'See the written answers of an app',
  'annotation:create': 'Write an answer for an app',
  'annotation:update': 'Change a written answer',
  'annotation:delete': 'Delete a written answer',
  'annotation:switch': 'Decide whether an app gives written answers',
}
