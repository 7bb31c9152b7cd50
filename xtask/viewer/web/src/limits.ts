// How much the page reads at once. A file that declares more is refused in words, before anything is requested.

const MEBIBYTE = 1024 * 1024

/** The largest read of one request, and the largest object that is read as a whole. */
export const LARGEST_READ = 64 * MEBIBYTE
/** The largest column chunk that is read as a whole. Of larger ones, only the pages with visible rows are read. */
export const LARGEST_WHOLE_COLUMN_CHUNK = 16 * MEBIBYTE
/** How much a plot reads. */
export const LARGEST_PLOT = 64 * MEBIBYTE
/** The largest decoded chunk of an image. */
export const LARGEST_IMAGE_CHUNK = 64 * MEBIBYTE
/** How much of the decoded chunks of an image is kept. */
export const KEPT_IMAGE_CHUNKS = 256 * MEBIBYTE
