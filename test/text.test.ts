import test from 'ava'
import { testPort } from '../core/testing.ts'
import { textIndexContract } from '../plugins/datasets/contracts/text-index.ts'

testPort(test.serial, textIndexContract, { name: 'textIndex bm25' })
