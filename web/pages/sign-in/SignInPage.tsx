// One form. In development it says which accounts exist.

import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Navigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { changeSession, useSession, useSurroundings } from '../../session.tsx'
import { Mark } from '../../ui/Mark.tsx'
import css from './SignInPage.module.css'

const DEVELOPMENT_ACCOUNTS = ['manager', 'user']

export function SignInPage() {
  const { api, development } = useSurroundings()
  const { session } = useSession()
  const { next } = useSearch({ from: '/sign-in' })
  const client = useQueryClient()
  const router = useRouter()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => api.signIn(username, password),
    onSuccess: (session) => {
      changeSession(client, session)
      router.history.replace(inside(next))
    },
  })

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    signIn.mutate()
  }

  if (session && !signIn.isSuccess) return <Navigate to="/" replace />
  return (
    <main className={css.page}>
      <title>Sign in · Tidemark</title>
      <form className={css.form} onSubmit={onSubmit}>
        <h1 className={css.mark}>
          <Mark />
        </h1>
        <TextInput
          label="Name"
          size="sm"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          data-autofocus
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          size="sm"
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {signIn.error && (
          <p className={css.error} role="alert">
            {signIn.error.message}
          </p>
        )}
        <Button type="submit" size="sm" loading={signIn.isPending}>
          Sign in
        </Button>
        {development && (
          <div className={css.accounts}>
            <p>Accounts of development, each with its name as its password:</p>
            {DEVELOPMENT_ACCOUNTS.map((name) => (
              <Button
                key={name}
                variant="default"
                onClick={() => {
                  setUsername(name)
                  setPassword(name)
                }}
              >
                {name}
              </Button>
            ))}
          </div>
        )}
      </form>
    </main>
  )
}

/** Only to a path of these pages, never to another site. */
function inside(next: string | undefined): string {
  return next?.startsWith('/') && !/^\/[/\\]/.test(next) ? next : '/'
}
