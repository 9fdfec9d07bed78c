// Refused rows cell by cell, under the columns of their file, with the cell that was refused marked; and each as a line
// of fields while it is mended.

import { ActionIcon, Button, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef } from 'react'
import type { Reject } from '../../../contract/rejects.ts'
import { Badge } from '../../ui/Badge.tsx'
import { DataTable, type TableColumn } from '../../ui/DataTable.tsx'
import { formatCount } from '../../ui/format.ts'
import { Icon } from '../../ui/Icon.tsx'
import css from './Rejects.module.css'
import { type Dialect, placeOf, type RawRow, readRow } from './raw-row.ts'

interface RejectRowsProps {
  rows: readonly Reject[]
  header: string | null
  dialect: Dialect
  /** The column that is at fault; null when the row as a whole is. */
  column: string | null
  /** Edited rows by their line; undefined where nothing can be mended. */
  mended: ReadonlyMap<number, string> | undefined
  /** Takes an edited row, or undefined to leave it as it was. */
  onMend: (line: number, raw: string | undefined) => void
  onSend: () => void
}

/** A wide file has hundreds of columns; around the one at fault, this many are shown. */
const SHOWN = 12

export function RejectRows(props: RejectRowsProps) {
  const { rows, header, dialect, column, mended } = props
  const read = rows.map((reject) => ({ reject, row: readRow(reject.raw, header, dialect) }))
  const names = read.reduce<readonly string[]>(
    (longest, { row }) => (row.names.length > longest.length ? row.names : longest),
    [],
  )
  const places = placesShown(names, column)
  const columns: TableColumn[] = [
    { key: 'line', name: 'Line', align: 'right' },
    ...places.map((place) => ({ key: String(place), name: names[place] ?? '' })),
    {
      key: 'state',
      name: places.length < names.length ? `and ${names.length - places.length} more columns` : '',
    },
  ]
  return (
    <div className={css.rows}>
      <DataTable
        label="Refused rows"
        columns={columns}
        rows={read.map(({ reject, row }) => ({
          key: String(reject.line),
          cells: [
            formatCount(reject.line),
            ...places.map((place) => <Cell key={place} {...props} reject={reject} row={row} place={place} />),
            mended === undefined ? (
              <Settled key="state" reject={reject} />
            ) : (
              <MendButton key="state" reject={reject} {...props} />
            ),
          ],
        }))}
      />
    </div>
  )
}

/** The first columns, or as many around the one at fault. */
function placesShown(names: readonly string[], column: string | null): number[] {
  const fault = Math.max(0, placeOf(names, column))
  const from = Math.max(0, Math.min(fault - SHOWN / 2, names.length - SHOWN))
  return names.map((_, place) => place).slice(from, from + SHOWN)
}

interface CellProps extends RejectRowsProps {
  reject: Reject
  row: RawRow
  place: number
}

function Cell(props: CellProps): ReactNode {
  const { reject, row, place, column, header, dialect, mended } = props
  const bad = place === placeOf(row.names, column)
  if (mended?.has(reject.line)) return <CellField {...props} bad={bad} />
  const text = row.cells[place] ?? ''
  const after =
    reject.mended_raw === null ? text : (readRow(reject.mended_raw, header, dialect).cells[place] ?? '')
  if (after !== text) {
    return (
      <span className={css.changed}>
        <del>{text || 'nothing'}</del> <ins>{after || 'nothing'}</ins>
      </span>
    )
  }
  if (!bad) return <code>{text}</code>
  return (
    <mark className={css.bad} title={reject.reason}>
      {text || <i>nothing</i>}
    </mark>
  )
}

function CellField({
  column,
  reject,
  row,
  place,
  bad,
  header,
  dialect,
  mended,
  onMend,
  onSend,
}: CellProps & { bad: boolean }) {
  const { names } = row
  const input = useRef<HTMLInputElement>(null)
  const first = bad || (column === null && place === 0)
  useEffect(() => {
    if (first) input.current?.focus()
  }, [first])
  const { cells } = readRow(mended?.get(reject.line) ?? reject.raw, header, dialect)
  return (
    <TextInput
      className={css.field}
      aria-label={`${names[place] ?? ''} of line ${reject.line}`}
      data-bad={bad || undefined}
      ref={input}
      value={cells[place] ?? ''}
      onChange={({ currentTarget: { value } }) =>
        onMend(
          reject.line,
          row.write(names.map((_, other) => (other === place ? value : (cells[other] ?? '')))),
        )
      }
      onKeyDown={({ key }) => {
        if (key === 'Enter') onSend()
        if (key === 'Escape') onMend(reject.line, undefined)
      }}
    />
  )
}

function MendButton({ reject, mended, onMend }: RejectRowsProps & { reject: Reject }) {
  if (mended?.has(reject.line)) {
    return (
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Leave line ${reject.line} as it was`}
        title="Leave it as it was"
        onClick={() => onMend(reject.line, undefined)}
      >
        <Icon name="x" />
      </ActionIcon>
    )
  }
  return (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={`Mend line ${reject.line}`}
      onClick={() => onMend(reject.line, reject.raw)}
    >
      Mend
    </Button>
  )
}

/** What became of a row, with the way to the load that it was sent again with. */
function Settled({ reject: { state, mended_load_id } }: { reject: Reject }) {
  if (state === 'dismissed') return <Badge>put aside</Badge>
  if (state === 'open') return null
  if (mended_load_id === null) return <Badge tone="good">mended</Badge>
  return (
    <Link to="/data/loads/$id" params={{ id: mended_load_id }}>
      sent again
    </Link>
  )
}
