/** What is written to people. No subject has a code in it: subjects are shown on locked screens and stand in logs. */
import type { Letter } from './layout.ts'

interface Code { readonly code: string }
export interface LetterValues {
  'invitation': { readonly workspaceName: string; readonly inviterName: string; readonly link: string }
  'reset-password': Code
  'sign-in': Code
  'old-email': Code
  'new-email': Code
  'transfer': Code
  'password-changed': object
  'email-changed': { readonly newEmail: string }
}
export type LetterKind = keyof LetterValues

const goodFor = 'The code is good for five minutes and for one use.'
const ignore = 'If this was not you, do nothing: without the code nothing happens. Give the code to nobody; whoever asks you for it is not from us.'
const notYou = 'If this was not you, choose another password at once ("Forgot your password?" on the sign-in page) and tell whoever runs this server.'

export const letters: { readonly [K in LetterKind]: (values: LetterValues[K]) => Letter } = {
  'invitation': ({ workspaceName, inviterName, link }) => ({
    subject: `${inviterName} invites you to ${workspaceName}`,
    body: [
      `${inviterName} invites you to work together in the workspace "${workspaceName}".`,
      { link, label: 'Accept the invitation' },
      'The link is good for three days and for one use. If you do not know who this is, do nothing.',
    ],
  }),
  'reset-password': ({ code }) => ({
    subject: 'Your code for another password',
    body: ['Somebody wants to choose another password for the account with this address. The code for it:', { code }, goodFor, ignore],
  }),
  'sign-in': ({ code }) => ({
    subject: 'Your code to sign in',
    body: ['Somebody wants to sign in to the account with this address. The code for it:', { code }, goodFor, ignore],
  }),
  'old-email': ({ code }) => ({
    subject: 'Your code to change the address of your account',
    body: ['Somebody who is signed in to your account wants to give it another e-mail address. The code that allows it:', { code }, goodFor, notYou],
  }),
  'new-email': ({ code }) => ({
    subject: 'Your code to confirm this address',
    body: ['Somebody wants to use this e-mail address for an account. The code that confirms it:', { code }, goodFor, ignore],
  }),
  'transfer': ({ code }) => ({
    subject: 'Your code to give a workspace away',
    body: ['Somebody who is signed in to your account wants to give a workspace that you own to another member. The code that allows it:', { code }, goodFor, notYou],
  }),
  'password-changed': () => ({
    subject: 'The password of your account was changed',
    body: ['The password of the account with this address has just been changed, and other devices have been signed out.', notYou],
  }),
  'email-changed': ({ newEmail }) => ({
    subject: 'The e-mail address of your account was changed',
    body: [
      `Your account has another e-mail address from now on: ${newEmail}. This is the last message to the old one.`,
      'If this was not you, tell whoever runs this server at once.',
    ],
  }),
}
