/** What this plugin lets somebody do, and how it is told to whoever grants it. */
export const permissions = {
  'app:list': 'See which apps there are',
  'app:create': 'Make, copy and import an app',
  'app:read': 'Read the settings of an app',
  'app:update': 'Change the settings of an app',
  'app:delete': 'Delete an app with everything in it',
  'app:export': 'Write an app out as a file',
  'app:run': 'Use an app: ask it, stop it, be told what it takes',
  'app-key:read': 'See the keys of an app, masked',
  'app-key:create': 'Make a key of an app',
  'app-key:delete': 'Delete a key of an app',
  'app-file:create': 'Send a file to an app',
  'app-file:read': 'Read a file that was sent to an app',
  'end-user:read': 'Read what is known of somebody who uses an app',
}
