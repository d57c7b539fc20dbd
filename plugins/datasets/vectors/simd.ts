/**
 * Products of a question with many rows, four numbers at a time: a WebAssembly function of 128-bit SIMD instructions, which every Node that we
 * run on has. It is assembled here, instruction by instruction, because there is no compiler for it in the project; about four times as fast
 * as the loop in JavaScript, and for as long nothing else in the process can run.
 */

/** As much of it as is used here: the types of Node leave it out. */
interface Memory { readonly buffer: ArrayBuffer; grow(pages: number): number }
type Multiply = (rows: number, rowsEnd: number, rowBytes: number, question: number, out: number) => void
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => Memory
  readonly Instance: new (module: object, imports: { e: { m: Memory } }) => { readonly exports: { readonly p: Multiply } }
}

/** Floats that a row has to be a multiple of: one turn of the inner loop. */
const LANE = 16
export const paddedTo = (dimensions: number): number => Math.ceil(dimensions / LANE) * LANE

/** Unsigned LEB128, as numbers stand in the binary format; those here are below 2^31. */
const number = (value: number): number[] => value < 128 ? [value] : [value & 127 | 128, ...number(value >>> 7)]
const list = (items: readonly (readonly number[])[]): number[] => [...number(items.length), ...items.flat()]
const section = (id: number, content: readonly number[]): number[] => [id, ...number(content.length), ...content]

const [I32, V128] = [0x7f, 0x7b]
const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const tee = (local: number): number[] => [0x22, local]
// Signed LEB128: 64 would be read as negative in one byte.
const constant = (value: number): number[] => [0x41, value & 127 | 128, value >>> 7]
const [block, loop, end, nothing] = [0x02, 0x03, 0x0b, 0x40]
const branch = (depth: number): number[] => [0x0c, depth]
const branchIf = (depth: number): number[] => [0x0d, depth]
const [addInt, lessUnsigned, atLeastUnsigned, addFloat] = [0x6a, 0x49, 0x4f, 0x92]
const load4 = (offset: number): number[] => [0xfd, 0x00, 4, offset]
const storeFloat = [0x38, 2, 0]
const [multiply4, add4] = [[0xfd, 0xe6, 1], [0xfd, 0xe4, 1]]
const zeros4 = [0xfd, 0x0c, ...new Array<number>(16).fill(0)]
const lane = (index: number): number[] => [0xfd, 0x1f, index]

// Parameters: where the rows begin and end, how many bytes a row has, where the question is, where the products go. Then the variables.
const [rows, rowsEnd, rowBytes, question, out, at, atEnd] = [0, 1, 2, 3, 4, 5, 6] as const
/** Four sums side by side, none of which waits for another. */
const sums = [7, 8, 9, 10] as const

const body = [
  block, nothing, loop, nothing,
  ...get(rows), ...get(rowsEnd), atLeastUnsigned, ...branchIf(1),
  ...get(question), ...set(at), ...get(question), ...get(rowBytes), addInt, ...set(atEnd),
  ...sums.flatMap((sum) => [...zeros4, ...set(sum)]),
  loop, nothing,
  ...sums.flatMap((sum, index) => [...get(sum), ...get(rows), ...load4(16 * index), ...get(at), ...load4(16 * index), ...multiply4, ...add4, ...set(sum)]),
  ...get(rows), ...constant(4 * LANE), addInt, ...set(rows),
  ...get(at), ...constant(4 * LANE), addInt, ...tee(at), ...get(atEnd), lessUnsigned, ...branchIf(0),
  end,
  ...get(out), ...get(7), ...get(8), ...add4, ...get(9), ...get(10), ...add4, ...add4, ...set(7),
  ...get(7), ...lane(0), ...get(7), ...lane(1), addFloat, ...get(7), ...lane(2), addFloat, ...get(7), ...lane(3), addFloat, ...storeFloat,
  ...get(out), ...constant(4), addInt, ...set(out),
  ...branch(0),
  end, end, end,
]
const code = [...list([[...number(2), I32], [...number(4), V128]]), ...body]
const module = new WebAssembly.Module(Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, list([[0x60, ...list(new Array(5).fill([I32]) as number[][]), 0]])),
  // The memory is `m` of `e`, one page or more; the function is `p`.
  ...section(2, list([[1, 0x65, 1, 0x6d, 2, 0, 1]])), ...section(3, list([[0]])), ...section(7, list([[1, 0x70, 0, 0]])),
  ...section(10, list([[...number(code.length), ...code]])),
]))

const PAGE = 65_536

/** Rows of one length in memory of their own, which grows. */
export interface Rows {
  readonly bytes: number
  /** Room for so many; what is there stays. */
  reserve(count: number): void
  /** A view of one row, good until the next `reserve`. */
  row(index: number): Float32Array
  copy(from: number, to: number): void
  /** The products of a question with the rows before `end`, of which those before `begin` are left out. */
  products(question: Float32Array, end: number, begin?: number): Float32Array
}

export const createRows = (dimensions: number, expected: number): Rows => {
  const stride = 4 * paddedTo(dimensions)
  // The question stands first, then the rows, then room for a product of each.
  const pagesFor = (count: number): number => Math.ceil((stride + count * (stride + 4)) / PAGE)
  const memory = new WebAssembly.Memory({ initial: Math.max(1, pagesFor(expected)) })
  const { p: multiply } = new WebAssembly.Instance(module, { e: { m: memory } }).exports
  return {
    get bytes() { return memory.buffer.byteLength },
    reserve: (count) => {
      const missing = pagesFor(count) - memory.buffer.byteLength / PAGE
      if (missing > 0) memory.grow(Math.max(missing, Math.ceil(memory.buffer.byteLength / PAGE / 4)))
    },
    row: (index) => new Float32Array(memory.buffer, stride * (index + 1), dimensions),
    copy: (from, to) => { new Uint8Array(memory.buffer).copyWithin(stride * (to + 1), stride * (from + 1), stride * (from + 2)) },
    products: (vector, end, begin = 0) => {
      const [first, last] = [stride * (begin + 1), stride * (end + 1)]
      const out = memory.buffer.byteLength - 4 * (end - begin)
      // With zeros behind it, so that what is behind a row does not count.
      new Float32Array(memory.buffer, 0, stride / 4).fill(0).set(vector)
      multiply(first, last, stride, 0, out)
      return new Float32Array(memory.buffer, out, end - begin).slice()
    },
  }
}
