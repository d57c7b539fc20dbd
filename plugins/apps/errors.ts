import { defineErrors } from '../../core/index.ts'

export const appErrors = defineErrors({
  appNotFound: [404, 'not_found', 'There is no such app.'],
  appClosed: [403, 'forbidden', 'The app of this key is gone, or closed to API keys. Open it in its settings.'],
  appUnavailable: [400, 'app_unavailable', 'The app has no settings yet. Save its model configuration in the console.'],
  siteMissing: [403, 'forbidden', 'The app has no page. Switch it on in its settings.'],
  fileNotFound: [404, 'file_not_found', 'No message of this app has such a file. Send it with a question first, or ask as the `user` who uploaded it.'],
  fileGone: [404, 'file_not_found', 'The file is no longer there. Upload it again.'],
  fileTooLarge: [413, 'file_too_large', 'The file is larger than this app takes. Send a smaller one.'],
  linkInvalid: [403, 'forbidden', 'This link is not valid. Ask for a new one.'],
  linkExpired: [403, 'forbidden', 'This link is too old. Ask for a new one.'],
  endUserNotFound: [404, 'end_user_not_found', 'The app knows nobody of that id.'],
  settingsInvalid: [400, 'invalid_param', 'The settings of the app are not valid.'],
  noModelConfig: [400, 'invalid_param', 'An app of this mode has a graph in place of a model configuration. Send this to a chat, agent-chat or completion app.'],
  inputInvalid: [400, 'invalid_param', 'An input of the app is not as its form declares it.'],
})
