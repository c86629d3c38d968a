/**
 * A store in the browser's database.
 *
 * @module
 */

/** @import { Store } from './store.js' */

const RECORDS = 'records';

/**
 * @param {string} name one for each person on each server
 * @returns {Store}
 */
export function indexedDbStore(name) {
  /** @type {Promise<IDBDatabase> | null} */
  let opening = null;
  const database = () => (opening ??= open(`tidewire/${name}`));
  return {
    async load() {
      const records = (await database()).transaction(RECORDS).objectStore(RECORDS);
      const [keys, values] = await Promise.all([done(records.getAllKeys()), done(records.getAll())]);
      return keys.map((key, at) => [String(key), /** @type {unknown} */ (values[at])]);
    },
    async save({ put, remove }) {
      const transaction = (await database()).transaction(RECORDS, 'readwrite');
      const records = transaction.objectStore(RECORDS);
      for (const key of remove) records.delete(key);
      for (const [key, value] of put) records.put(value, key);
      await new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(undefined);
        transaction.onabort = () => reject(transaction.error);
      });
    },
  };
}

/**
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
function open(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
  return done(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
