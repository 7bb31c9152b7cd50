// Adds a token to the requests to the presigning route, for libraries that send no headers of their own.
let token
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('message', (event) => {
  token = event.data
  event.ports[0].postMessage('received')
})
addEventListener('fetch', (event) => {
  if (!new URL(event.request.url).pathname.endsWith('/presign/s3')) return
  const headers = new Headers(event.request.headers)
  headers.set('Authorization', `Bearer ${token}`)
  event.respondWith(fetch(new Request(event.request, { headers })))
})
