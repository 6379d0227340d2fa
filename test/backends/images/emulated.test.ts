import test from 'ava';
import { EmulatedImageStore } from '../../../backends/images/emulated.ts';
import { imageContract } from '../../contract/image-contract.ts';

imageContract(
  {
    name: 'emulated',
    async open() {
      const store = new EmulatedImageStore();
      await store.recover();
      const place = { store, source: 'import/golden.raw', client: null, takeOver: null };
      return { ...place, encrypts: true, close: () => store.close() };
    },
  },
  (title, run) =>
    test(title, async (t) => {
      await t.notThrowsAsync(run);
    }),
);
