/** The laws of `mailer`. Where a mail goes is each adapter's own affair; what it may be is not. */
import assert from 'node:assert/strict'
import { defineContract } from '../../../core/index.ts'
import { mailer } from '../ports.ts'
import type { Mail } from '../ports.ts'

const mail = (change: Partial<Mail> = {}): Mail => ({ to: 'ada@example.org', subject: 'A subject', text: 'A text\n', html: '<p>A text</p>', ...change })

export const mailerContract = defineContract(mailer, {
  laws: {
    'takes mails over, many at a time, in any script': async (subject) => {
      await Promise.all(Array.from({ length: 5 }, (_, n) => subject.send(mail({ to: `reader${n}@example.org` }))))
      await subject.send(mail({ subject: 'Für Ada: 知识 🙂 "quoted" <b>', text: '.\n..\nFrom here\n知识\r\n.\r\n', html: '<p>知识 &amp; 🙂</p>' }))
      await subject.send(mail({ subject: 'x'.repeat(500), text: `${'long '.repeat(20_000)}\n`, html: 'x'.repeat(100_000) }))
    },
    'refuses what is not one address': async (subject) => {
      for (const to of [
        '', 'nobody', 'a@example.org, b@example.org', 'a@example.org;b@example.org', 'a@example.org b@example.org', 'a@example.org\r\nBcc: b@example.org', 'a@example.org\nb@example.org',
        'Ada <a@example.org>', '<a@example.org>', 'a@example.org>', '"a,b"@example.org', 'a@example.org\0', ' a@example.org', 'a@example.org(b@example.org)',
      ]) await assert.rejects(subject.send(mail({ to })), JSON.stringify(to))
    },
    'refuses a subject of more than one line, which could be read as a header': async (subject) => {
      for (const end of ['\r\n', '\n', '\r', '\0', '\u2028', '\u2029', '\u0085']) await assert.rejects(subject.send(mail({ subject: `A subject${end}Bcc: b@example.org` })), JSON.stringify(end))
    },
    'says whether mail leaves this machine': async (subject) => {
      assert.equal(typeof subject.delivers, 'boolean')
    },
  },
})
