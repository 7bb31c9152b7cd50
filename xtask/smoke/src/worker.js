self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  if (event.request.headers.has('range')) event.respondWith(fetch(new Request(event.request.url, event.request)))
})
