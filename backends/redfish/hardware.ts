/** What the nodes of a class are, as the operator says; a lessee's inspection finds it. */

export interface NodeHardware {
  readonly nodeClass: string;
  /** Sockets. */
  readonly processors: number;
  readonly coresPerProcessor: number;
  readonly threadsPerProcessor: number;
  readonly memoryGib: number;
  readonly architecture: 'x86' | 'ARM';
}
