package record

import (
	"time"

	"parallax/internal/audit"
)

// Batch is what a source yields at a time. A source may yield an empty batch to report only a gap or progress.
type Batch[R any] struct {
	Records   []R
	Region    audit.Region
	Cursor    audit.Cursor      // read position after these records; the zero Cursor where the source has none
	Extents   []audit.Extent    // what has been read completely, reported once each
	Excluded  []audit.Exclusion // read, then left out
	Gaps      []audit.Gap       // not read, and why
	Watermark time.Time         // nothing older than this will come from this region any more; zero where unknown
}
