// Adds the query in the fragment of the page's request, as the service workers of viewers add a signature.
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  const [url, query] = event.request.url.split('#sign=')
  // A request made from the URL alone has no Range.
  if (query) event.respondWith(fetch(new Request(`${url}?${query}`, event.request)))
})
