// The parts of the data: what was loaded, the tables it became, and how files are read.

import { Link } from '@tanstack/react-router'
import css from './DataPage.module.css'

export function DataTabs() {
  return (
    <nav className={css.tabs} aria-label="Data">
      <Link to="/data" activeOptions={{ exact: true, includeSearch: false }}>
        Loads
      </Link>
      <Link to="/data/datasets" activeOptions={{ includeSearch: false }}>
        Datasets
      </Link>
      <Link to="/data/mappings">Mappings</Link>
    </nav>
  )
}
