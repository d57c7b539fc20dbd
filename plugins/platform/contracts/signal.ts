/** The laws of `signal`. */
import { signal } from '../../../core/index.ts'
import { assert, defineContract, eventually, freshName, oops, pause, strangeNames } from './kit.ts'

export const signalContract = defineContract(signal, {
  laws: {
    'carries any message to the listeners of its channel, to no other, and to none whose subscription has ended': async (subject) => {
      const [channels, heard] = [strangeNames(), [] as unknown[]]
      for (const channel of channels) {
        await subject.subscribe(channel, (message) => { heard.push([channel, message]) })
        await (await subject.subscribe(channel, () => { heard.push('ended') }))()
      }
      for (const channel of channels) await subject.publish(channel, { channel, list: [null, channel] })
      await eventually(() => heard.length >= channels.length, 'all messages arrive')
      await pause(20)
      assert.deepEqual(heard, channels.map((channel) => [channel, { channel, list: [null, channel] }]))
    },
    'gives each listener a copy, and lets none stop the others or the publisher by throwing': async (subject) => {
      const [name, sent, heard] = [freshName(), [1], [] as unknown[]]
      const listener = (message: unknown): void => { heard.push([...message as number[]]); (message as number[]).push(2); oops() }
      for (const each of [listener, listener]) await subject.subscribe(name, each)
      await subject.publish(name, sent)
      await eventually(() => heard.length === 2, 'both hear it')
      assert.deepEqual([sent, ...heard], [[1], [1], [1]])
    },
  },
})
