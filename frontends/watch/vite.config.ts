/** Build the pages into `frontends/dist`, the folder that is published to the site bucket. */
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [tailwindcss()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    // An inlined asset would be a data: URL, which the Content-Security-Policy would have to allow.
    assetsInlineLimit: 0,
    // The engines are known to be large and are loaded only by the page that plays; check-sizes.mjs holds the budget.
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
  },
});
