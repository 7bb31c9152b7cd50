// Formats times and sizes.

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** Returns the time of the day. */
export function clock(time, more = {}) {
  return new Date(time).toLocaleTimeString("en-GB", { ...CLOCK, ...more });
}

/** Returns a duration in milliseconds as text, or an ellipsis for one that has not ended. */
export function duration(milliseconds) {
  if (milliseconds === null) return "…";
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 10_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Returns an age in one unit. */
export function age(seconds) {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** Returns a number of bytes. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
