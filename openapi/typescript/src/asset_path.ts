/** The maximum length of a key in S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAXIMUM_KEY_BYTES = 1024;

// C0, DEL and C1.
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

/** What `encodeURIComponent` encodes and the service does not: sub-delims, `:` and `@`. */
const UNENCODED = /%(?:24|26|2C|3A|3B|3D|40)/g;

/** A text is not the path of an asset. */
export class InvalidAssetPath extends Error {
  override readonly name = "InvalidAssetPath";

  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`the asset path ${JSON.stringify(path)} ${problem}`);
  }
}

/**
 * Returns the path of an asset as part of a URL, with the rules of the service for paths and for percent-encoding.
 *
 * `+` is encoded because S3 reads it as a space, and `*` because it is a wildcard in a policy.
 */
export function assetUrlPath(path: string): string {
  const problem = problemOf(path);
  if (problem !== undefined) throw new InvalidAssetPath(path, problem);
  return path.split("/").map(encodedSegment).join("/");
}

function problemOf(path: string): string | undefined {
  const segments = path.split("/");
  if (segments.includes("")) return "has an empty segment or a leading slash";
  if (segments.includes(".") || segments.includes("..")) return "has a `.` or `..` segment";
  if (path.includes("\\")) return "has a backslash";
  if (CONTROL_CHARACTER.test(path)) return "has a control character";
  if (!path.isWellFormed()) return "has half of a surrogate pair";
  if (new TextEncoder().encode(path).length > MAXIMUM_KEY_BYTES) return "is longer than 1,024 bytes";
  return undefined;
}

function encodedSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(UNENCODED, decodeURIComponent)
    .replaceAll("*", "%2A");
}
