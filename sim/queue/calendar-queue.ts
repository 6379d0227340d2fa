/**
 * A calendar queue on typed arrays: Brown, "Calendar queues: a fast O(1) priority queue
 * implementation for the simulation event set problem", CACM 31(10), 1988, with three changes:
 *
 * - Buckets are compared by day number, ⌊time · days per ms⌋, never by sums of widths. Day numbers
 *   are monotone in time, so rounding can cost speed but not order.
 * - A bucket knows its tail, so that any number of events at one instant costs O(1) each.
 * - Steps are counted against a credit. Where the calendar costs more than a few steps per event
 *   even after its width was fitted anew, the events move to a heap, and come back for another try
 *   after a long while. The choice depends on counts alone: it is the same on every machine.
 */
import type { Carrier } from '../../core/kernel/carried.ts';
import type { FutureEventList } from './future-event-list.ts';
import { checkKey } from './future-event-list.ts';
import { HeapQueue } from './heap-queue.ts';

/** Node i: time at times[2i]; next at words[4i + 2]; payload at words[4i + 3]. */
class NodeStore {
  readonly times: Float64Array;
  readonly words: Int32Array;
  readonly priorities: Int16Array;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * 16);
    this.times = new Float64Array(buffer);
    this.words = new Int32Array(buffer);
    this.priorities = new Int16Array(capacity);
  }
}

const NONE = -1;
const INITIAL_CAPACITY = 64;
const INITIAL_BUCKETS = 32;
/** Events per day at the head of the calendar that the width is fitted to. */
const EVENTS_PER_DAY = 1;
/** Times looked at when the width is fitted. */
const SAMPLE_SIZE = 256;
/** Steps that an event may cost on average before the width is fitted again. */
const CREDIT_PER_EVENT = 6;
/** 2^52: days stay exact integers for the times that the width was fitted to. */
const LARGEST_DAY = 4_503_599_627_370_496;
/** A heap is kept for at least this many events, and for this many times its size. */
const HEAP_STAY_MINIMUM = 1_024;
const HEAP_STAY_FACTOR = 16;

export class CalendarQueue implements FutureEventList {
  size = 0;
  poppedTimeMs = -Infinity;
  poppedPriority = 0;

  #capacity = INITIAL_CAPACITY;
  #times: Float64Array;
  #words: Int32Array;
  #priorities: Int16Array;
  /** Nodes that were never used start here. */
  #unused = 0;
  #free = NONE;

  /** Bucket b: head at buckets[2b], tail at buckets[2b + 1]. */
  #buckets = new Int32Array(INITIAL_BUCKETS * 2).fill(NONE);
  #mask = INITIAL_BUCKETS - 1;
  #daysPerMs = 1;
  /** No event stands on an earlier day. */
  #day = 0;

  /** Steps that events may still cost before the width is fitted again. */
  #credit = CREDIT_PER_EVENT * INITIAL_CAPACITY;
  #creditCap = CREDIT_PER_EVENT * INITIAL_CAPACITY;
  #pushesSinceFit = 0;
  #sizeAtFit = 0;
  /** Where the events are while the calendar does not suit them. */
  #heap: HeapQueue | null = null;
  #heapPushesLeft = 0;
  #heapStays = 0;

  constructor() {
    const store = new NodeStore(INITIAL_CAPACITY);
    this.#times = store.times;
    this.#words = store.words;
    this.#priorities = store.priorities;
  }

  /** Whether the events stand in the heap at the moment; for tests and benchmarks. */
  get usesHeap(): boolean {
    return this.#heap !== null;
  }

  push(timeMs: number, priority: number, payload: number): void {
    checkKey(timeMs, priority, payload);
    if (this.#heap !== null) {
      this.#pushToHeap(this.#heap, timeMs, priority, payload);
      return;
    }
    let node = this.#free;
    if (node === NONE) {
      if (this.#unused === this.#capacity) this.#growStore();
      node = this.#unused++;
    } else this.#free = this.#words[4 * node + 2]!;
    this.#times[2 * node] = timeMs;
    this.#words[4 * node + 3] = payload;
    this.#priorities[node] = priority;
    const day = Math.floor(timeMs * this.#daysPerMs);
    if (day < this.#day || this.size === 0) this.#day = day;
    this.size += 1;
    this.#pushesSinceFit += 1;
    const steps = this.#link(node, timeMs, priority, (day & this.#mask) << 1);
    let credit = this.#credit + CREDIT_PER_EVENT - steps;
    if (credit > this.#creditCap) credit = this.#creditCap;
    this.#credit = credit;
    if (this.size > this.#mask + this.#mask || credit < 0) this.#refit();
  }

  pop(): number {
    if (this.size === 0) return NONE;
    if (this.#heap !== null) return this.#popFromHeap(this.#heap);
    const bucket = this.#findFirst();
    const buckets = this.#buckets;
    const node = buckets[bucket]!;
    const words = this.#words;
    const next = words[4 * node + 2]!;
    buckets[bucket] = next;
    if (next === NONE) buckets[bucket + 1] = NONE;
    words[4 * node + 2] = this.#free;
    this.#free = node;
    this.size -= 1;
    this.poppedTimeMs = this.#times[2 * node]!;
    this.poppedPriority = this.#priorities[node]!;
    const payload = words[4 * node + 3]!;
    if (this.#credit < 0 || (this.size << 3 < this.#mask && this.#mask >= INITIAL_BUCKETS)) {
      this.#refit();
    }
    return payload;
  }

  peek(): number {
    if (this.size === 0) return NONE;
    if (this.#heap !== null) return this.#heap.peek();
    return this.#words[4 * this.#buckets[this.#findFirst()]! + 3]!;
  }

  peekTime(): number {
    if (this.size === 0) return Infinity;
    if (this.#heap !== null) return this.#heap.peekTime();
    return this.#times[2 * this.#buckets[this.#findFirst()]!]!;
  }

  clear(): void {
    this.size = 0;
    this.#unused = 0;
    this.#free = NONE;
    this.#heap = null;
    this.#heapStays = 0;
    this.#lay(new Int32Array(0));
  }

  /** Puts a node behind all that go before it in its bucket; how many nodes it had to pass. */
  #link(node: number, timeMs: number, priority: number, bucket: number): number {
    const buckets = this.#buckets;
    const words = this.#words;
    const times = this.#times;
    const priorities = this.#priorities;
    const tail = buckets[bucket + 1]!;
    if (tail === NONE) {
      buckets[bucket] = node;
      buckets[bucket + 1] = node;
      words[4 * node + 2] = NONE;
      return 0;
    }
    const tailTime = times[2 * tail]!;
    if (tailTime < timeMs || (tailTime === timeMs && priorities[tail]! <= priority)) {
      words[4 * tail + 2] = node;
      buckets[bucket + 1] = node;
      words[4 * node + 2] = NONE;
      return 1;
    }
    let steps = 2;
    let before = NONE;
    let current = buckets[bucket]!;
    for (; ; steps++) {
      const time = times[2 * current]!;
      if (time > timeMs || (time === timeMs && priorities[current]! > priority)) break;
      before = current;
      current = words[4 * current + 2]!;
    }
    words[4 * node + 2] = current;
    if (before === NONE) buckets[bucket] = node;
    else words[4 * before + 2] = node;
    return steps;
  }

  /** Index of the bucket whose head is the first event; there must be one. */
  #findFirst(): number {
    const buckets = this.#buckets;
    const times = this.#times;
    const mask = this.#mask;
    const daysPerMs = this.#daysPerMs;
    let day = this.#day;
    let bucket = day & mask;
    for (let skipped = 0; skipped <= mask; skipped++) {
      const head = buckets[2 * bucket]!;
      if (head !== NONE && Math.floor(times[2 * head]! * daysPerMs) === day) {
        this.#day = day;
        this.#credit -= skipped;
        return 2 * bucket;
      }
      day += 1;
      bucket = (bucket + 1) & mask;
    }
    return this.#findFirstAnywhere();
  }

  /** The same when a whole year is empty: looks at the head of every bucket. */
  #findFirstAnywhere(): number {
    const buckets = this.#buckets;
    const times = this.#times;
    let best = NONE;
    let bestTime = Infinity;
    for (let bucket = 0; bucket < buckets.length; bucket += 2) {
      const head = buckets[bucket]!;
      if (head === NONE) continue;
      const time = times[2 * head]!;
      // Equal times share a bucket, so there are no ties to settle between heads.
      if (time < bestTime) {
        bestTime = time;
        best = bucket;
      }
    }
    this.#day = Math.floor(bestTime * this.#daysPerMs);
    this.#credit -= buckets.length;
    return best;
  }

  /** Fits width and number of buckets to what stands there, or moves to the heap. */
  #refit(): void {
    const unsuited = this.#credit < 0 && this.#pushesSinceFit < this.#sizeAtFit / 2;
    const nodes = this.#nodesInBucketOrder();
    if (unsuited || !this.#lay(nodes)) this.#moveToHeap(nodes);
  }

  /** Equal keys stand in the order in which they came; nothing else is promised. */
  #nodesInBucketOrder(): Int32Array {
    const nodes = new Int32Array(this.size);
    const buckets = this.#buckets;
    let count = 0;
    for (let bucket = 0; bucket < buckets.length; bucket += 2) {
      for (let node = buckets[bucket]!; node !== NONE; node = this.#words[4 * node + 2]!) {
        nodes[count++] = node;
      }
    }
    return nodes;
  }

  /** Lays out a new calendar for these nodes; false when they do not suit any calendar. */
  #lay(nodes: Int32Array): boolean {
    let bucketCount = INITIAL_BUCKETS;
    while (bucketCount < nodes.length) bucketCount *= 2;
    this.#layOut(bucketCount);
    this.#daysPerMs = this.#fitDaysPerMs(nodes);
    this.#creditCap = CREDIT_PER_EVENT * Math.max(this.size, INITIAL_CAPACITY);
    let credit = this.#creditCap;
    let first = Infinity;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const time = this.#times[2 * node]!;
      const day = Math.floor(time * this.#daysPerMs);
      if (day < first) first = day;
      credit -= this.#link(node, time, this.#priorities[node]!, (day & this.#mask) << 1);
      if (credit < 0) return false;
    }
    this.#day = nodes.length === 0 ? 0 : first;
    this.#credit = this.#creditCap;
    this.#pushesSinceFit = 0;
    this.#sizeAtFit = this.size;
    return true;
  }

  #layOut(bucketCount: number): void {
    if (this.#mask + 1 === bucketCount) this.#buckets.fill(NONE);
    else this.#buckets = new Int32Array(bucketCount * 2).fill(NONE);
    this.#mask = bucketCount - 1;
  }

  /** From the density of a sample's first quarter, or of more where that is one instant. */
  #fitDaysPerMs(nodes: Int32Array): number {
    if (nodes.length === 0) return 1;
    let minimum = Infinity;
    let largest = 0;
    for (let i = 0; i < nodes.length; i++) {
      const time = this.#times[2 * nodes[i]!]!;
      if (time < minimum) minimum = time;
      if (Math.abs(time) > largest) largest = Math.abs(time);
    }
    const sample = new Float64Array(Math.min(SAMPLE_SIZE, nodes.length));
    const stride = nodes.length / sample.length;
    for (let i = 0; i < sample.length; i++) {
      sample[i] = this.#times[2 * nodes[Math.floor(i * stride)]!]!;
    }
    sample.sort();
    for (let quarter = 1; quarter <= 4; quarter++) {
      const spread = sample[Math.ceil((sample.length * quarter) / 4) - 1]! - minimum;
      if (!(spread > 0)) continue;
      const perMs = (nodes.length * quarter) / 4 / spread / EVENTS_PER_DAY;
      return Math.min(perMs, LARGEST_DAY / largest);
    }
    return 1;
  }

  #growStore(): void {
    const grown = new NodeStore(this.#capacity * 2);
    grown.words.set(this.#words);
    grown.priorities.set(this.#priorities);
    this.#times = grown.times;
    this.#words = grown.words;
    this.#priorities = grown.priorities;
    this.#capacity *= 2;
  }

  #moveToHeap(nodes: Int32Array): void {
    const heap = new HeapQueue();
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const payload = this.#words[4 * node + 3]!;
      heap.push(this.#times[2 * node]!, this.#priorities[node]!, payload);
    }
    this.#heap = heap;
    this.#heapStays += 1;
    const stay = Math.max(HEAP_STAY_MINIMUM, HEAP_STAY_FACTOR * nodes.length);
    // Each try that failed doubles the time to the next one.
    this.#heapPushesLeft = stay * (1 << Math.min(this.#heapStays - 1, 20));
    this.#unused = 0;
    this.#free = NONE;
    this.#layOut(INITIAL_BUCKETS);
  }

  #pushToHeap(heap: HeapQueue, timeMs: number, priority: number, payload: number): void {
    heap.push(timeMs, priority, payload);
    this.size += 1;
    this.#heapPushesLeft -= 1;
    if (this.#heapPushesLeft <= 0) this.#leaveHeap(heap);
  }

  #popFromHeap(heap: HeapQueue): number {
    const payload = heap.pop();
    this.size -= 1;
    this.poppedTimeMs = heap.poppedTimeMs;
    this.poppedPriority = heap.poppedPriority;
    if (this.size === 0) this.#leaveHeap(heap);
    return payload;
  }

  /** Gives the calendar another try. */
  #leaveHeap(heap: HeapQueue): void {
    this.#heap = null;
    while (this.#capacity < heap.size) this.#growStore();
    const nodes = new Int32Array(heap.size);
    for (let node = 0; heap.size > 0; node++) {
      const payload = heap.pop();
      nodes[node] = node;
      this.#times[2 * node] = heap.poppedTimeMs;
      this.#priorities[node] = heap.poppedPriority;
      this.#words[4 * node + 3] = payload;
    }
    this.#unused = nodes.length;
    this.#free = NONE;
    if (!this.#lay(nodes)) this.#moveToHeap(nodes);
  }

  carry(carrier: Carrier): void {
    this.size = carrier.value('size', this.size);
    this.poppedTimeMs = carrier.value('poppedTimeMs', this.poppedTimeMs);
    this.poppedPriority = carrier.value('poppedPriority', this.poppedPriority);
    this.#capacity = carrier.value('capacity', this.#capacity);
    this.#times = carrier.value('times', this.#times);
    this.#words = carrier.value('words', this.#words);
    this.#priorities = carrier.value('priorities', this.#priorities);
    this.#unused = carrier.value('unused', this.#unused);
    this.#free = carrier.value('free', this.#free);
    this.#buckets = carrier.value('buckets', this.#buckets);
    this.#mask = carrier.value('mask', this.#mask);
    this.#daysPerMs = carrier.value('daysPerMs', this.#daysPerMs);
    this.#day = carrier.value('day', this.#day);
    this.#credit = carrier.value('credit', this.#credit);
    this.#creditCap = carrier.value('creditCap', this.#creditCap);
    this.#pushesSinceFit = carrier.value('pushesSinceFit', this.#pushesSinceFit);
    this.#sizeAtFit = carrier.value('sizeAtFit', this.#sizeAtFit);
    this.#heapPushesLeft = carrier.value('heapPushesLeft', this.#heapPushesLeft);
    this.#heapStays = carrier.value('heapStays', this.#heapStays);
    const usesHeap = carrier.value('usesHeap', this.usesHeap);
    if (carrier.restores) this.#heap = usesHeap ? new HeapQueue() : null;
    if (this.#heap) carrier.part('heap', this.#heap);
  }
}
