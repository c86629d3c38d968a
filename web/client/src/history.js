/**
 * Paging of a channel's history into its timeline.
 *
 * Pages are asked for by seq and not by cursor: a stretch of at most as many entries as a page may have
 * messages always fits the page, so going back is exact from any place and survives reconnects.
 *
 * @module
 */

/** @import { HistoryPage } from './types.js' */
/** @import { Port } from './port.js' */
/** @import { Timeline } from './timeline.js' */

/** The most messages that the server puts on a page. */
export const PAGE_MAX = 200;
/** A copy that is longer than this is not read again as a whole; its end is. */
const RELOAD_ENTRIES_MAX = 1000;

/**
 * One page of what comes after a seq.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} after
 * @param {number} limit
 */
async function loadPage(port, channelId, timeline, after, limit) {
  const query = { channelId, afterSeq: after, limit };
  const answer = await port.request('chat.history', query);
  const page = /** @type {HistoryPage} */ (/** @type {unknown} */ (answer));
  timeline.merge(after, page);
  return page;
}

/**
 * Everything after a seq, up to the head.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} after
 */
async function loadAll(port, channelId, timeline, after) {
  for (;;) {
    const page = await loadPage(port, channelId, timeline, after, PAGE_MAX);
    if (!page.pagination.hasMore) return;
    after = timeline.to;
  }
}

/**
 * Fills a new timeline with the newest messages.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} head the last entry that is known
 * @param {number} count how many entries back
 */
export async function loadEnd(port, channelId, timeline, head, count) {
  await loadAll(port, channelId, timeline, Math.max(0, head - count));
}

/**
 * Messages before the stretch, at least one unless there is none.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} count how many entries back, at first
 */
export async function loadBefore(port, channelId, timeline, count) {
  const first = timeline.messages[0]?.seq;
  while (timeline.from > 1) {
    const limit = Math.min(PAGE_MAX, count);
    await loadPage(port, channelId, timeline, Math.max(0, timeline.from - 1 - limit), limit);
    if (timeline.messages[0]?.seq !== first) return;
    // Only edits and the like were there: take longer steps.
    count *= 2;
  }
}

/**
 * Messages behind the stretch, where it does not reach the head.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} count
 */
export async function loadAfter(port, channelId, timeline, count) {
  await loadPage(port, channelId, timeline, timeline.to, Math.min(PAGE_MAX, count));
}

/**
 * Fills a new timeline with what stands around a seq.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {number} seq
 * @param {number} count
 */
export async function loadAround(port, channelId, timeline, seq, count) {
  const after = Math.max(0, seq - 1 - Math.ceil(count / 2));
  await loadPage(port, channelId, timeline, after, Math.min(PAGE_MAX, count));
}

/**
 * Fills a new timeline with what another one has, as it is now, and with what was missed behind it.
 * History has no edits, so what was there already must be read again as well.
 *
 * @param {Port} port
 * @param {string} channelId
 * @param {Timeline} timeline
 * @param {{from: number, head: number, isForked: boolean}} old
 */
export async function reload(port, channelId, timeline, { from, head, isForked }) {
  const isLong = head - from > RELOAD_ENTRIES_MAX;
  const after = isLong || isForked ? Math.max(0, head - PAGE_MAX) : from - 1;
  await loadAll(port, channelId, timeline, after);
}
