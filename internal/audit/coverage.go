package audit

import "time"

// Gap is a part of a window that was not read, and why: a trimmed stream, a late file, a refused
// permission. It is data, not an error, and a run with a gap is never clean.
type Gap struct {
	Window Window `json:"window"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"` // what a person can do about it
	Lost   bool   `json:"lost,omitempty"`   // it will never be read: what it hides stays hidden
}

// Extent is one thing that was read: a shard and its sequence range, a file and its checksum, a key range.
type Extent struct {
	Name     string            `json:"name"`
	From     string            `json:"from,omitempty"` // first sequence number, key or line
	To       string            `json:"to,omitempty"`   // last sequence number, key or line
	Records  int64             `json:"records"`
	Checksum string            `json:"checksum,omitempty"` // "sha256:...", "md5:..."
	Totals   map[string]string `json:"totals,omitempty"`   // control totals, stated and computed
}

// Exclusion counts records that were read and then left out of the audit, with the reason.
type Exclusion struct {
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
}

// Coverage is one line of a run's certificate: what one source in one region yielded.
type Coverage struct {
	Source    string      `json:"source"` // "ddbstream", "aurora", "inventory", "settlement", "topology", ...
	Scope     string      `json:"scope"`  // the configured table, ledger, bucket pair or feed
	Region    Region      `json:"region,omitempty"`
	Window    Window      `json:"window"`
	Records   int64       `json:"records"`
	Matched   int64       `json:"matched"` // records that found their counterpart
	Extents   []Extent    `json:"extents,omitempty"`
	Excluded  []Exclusion `json:"excluded,omitempty"`
	Gaps      []Gap       `json:"gaps,omitempty"`
	Watermark time.Time   `json:"watermark,omitzero"` // nothing older will come
}

// Complete reports whether nothing of the window was left unread.
func (c Coverage) Complete() bool { return len(c.Gaps) == 0 }
