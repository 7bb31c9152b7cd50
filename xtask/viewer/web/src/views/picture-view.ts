// Pictures that the browser decodes.

import { element } from '../dom.js'
import * as format from '../format.js'
import { Problem } from '../problem.js'
import { facts } from './view.js'
import type { View } from './view.js'

export const showPicture: View = async (parent, { source, path, closed, shown }) => {
  const bytes = await source.whole(path, closed)
  if (bytes === undefined) throw new Problem(`There is no asset ${path} in this package (404).`, 'Check the path, with capitals.')
  // Browsers find out the format of pictures from their bytes, except that of SVG.
  const url = URL.createObjectURL(new Blob([bytes], { type: /\.svg$/i.test(path) ? 'image/svg+xml' : '' }))
  const image = element('img', { src: url, alt: path })
  try {
    await image.decode()
  } catch {
    throw new Problem(`${path} is not a picture that this browser can decode.`, 'Open it as bytes to see what it is.')
  } finally {
    URL.revokeObjectURL(url)
  }
  const { naturalWidth, naturalHeight } = image
  parent.append(
    facts([
      ['Size', format.size(bytes.length)],
      ['Pixels', `${format.count(naturalWidth)} × ${format.count(naturalHeight)}`],
    ]),
    element('div', { class: 'picture' }, image),
  )
  shown()
}
