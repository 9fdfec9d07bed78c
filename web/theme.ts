// What Mantine's components are by default here. Colours, sizes and spaces are in theme.css, since the provider's own
// style element would need an exception in the content security policy. Components are named, not imported: each comes
// with the first page that shows it.

import { createTheme } from '@mantine/core'

const small = { defaultProps: { size: 'xs' } }

export const theme = createTheme({
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Button: small,
    TextInput: small,
    PasswordInput: small,
    NativeSelect: small,
    Menu: { defaultProps: { shadow: 'md', position: 'bottom-end' } },
    Popover: { defaultProps: { shadow: 'md' } },
    // Locking the scroll writes a style element; theme.css does it instead.
    Modal: { defaultProps: { lockScroll: false, closeButtonProps: { 'aria-label': 'Close' } } },
  },
})
