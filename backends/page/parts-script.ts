/** The page's one script: puts parts that have changed in place of the old ones. */
export const PARTS_SCRIPT = `'use strict';
const stream = new EventSource('/live');
const state = document.getElementById('stream');
stream.addEventListener('open', () => { state.textContent = 'live'; state.className = 'live'; });
stream.addEventListener('error', () => { state.textContent = 'connection lost'; state.className = 'lost'; });
stream.addEventListener('part', (event) => {
  const { name, text } = JSON.parse(event.data);
  const place = document.getElementById(name);
  if (place && place.innerHTML !== text) place.innerHTML = text;
});
`;
