/** What this plugin lets somebody do, and how it is told to whoever grants it. */
export const permissions = {
  'conversation:list': 'See conversations with an app',
  'conversation:update': 'Rename a conversation, and change its variables',
  'conversation:delete': 'Delete a conversation',
  'message:list': 'Read what was asked and answered',
  'message:rate': 'Say whether an answer was good',
  'feedback:list': 'See what people think of answers',
}
