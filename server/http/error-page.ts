// The page that the `type` of every problem points to: docs/errors.md, a heading with an anchor for each code.

import type { FastifyInstance } from 'fastify'

/** Serves the text at /docs/errors. Understands headings, paragraphs and `code`, which is all that it has. */
export function addErrorPage(http: FastifyInstance, markdown: string): void {
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Errors of Tidemark</title></head>
<body>
<main>
${markdown
  .split(/\n{2,}/)
  .map(block)
  .join('\n')}
</main>
</body>
</html>
`
  http.get('/docs/errors', { config: { needs: 'anyone' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}

function block(text: string): string {
  const heading = /^(#{1,3}) (.*)$/.exec(text.trim())
  if (heading === null) return `<p>${inline(text)}</p>`
  const [, marks = '#', title = ''] = heading
  return `<h${marks.length} id="${title.toLowerCase().replaceAll(/[^a-z_]/g, '')}">${inline(title)}</h${marks.length}>`
}

function inline(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return escaped.replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}
