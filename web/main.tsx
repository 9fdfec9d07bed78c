// Puts the pages together, by hand, and starts them.

import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createApi } from './api.ts'
import { createQueryClient } from './queries.ts'
import { createPages } from './routes.tsx'
import { readSurroundings, SurroundingsProvider } from './session.tsx'
import './theme.css'
import { theme } from './theme.ts'
import { ShortcutProvider } from './ui/shortcuts.tsx'

const surroundings = { api: createApi(), ...readSurroundings() }
const queries = createQueryClient()
const router = createPages({ ...surroundings, queries })
const element = document.getElementById('root')
if (!element) throw new Error('index.html has no element with the id root')

createRoot(element).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={localStorageColorSchemeManager()}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <SurroundingsProvider value={surroundings}>
          <ShortcutProvider>
            <RouterProvider router={router} />
          </ShortcutProvider>
        </SurroundingsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
