package inventory

import (
	"errors"
	"fmt"
	"time"

	"parallax/internal/audit"
)

const (
	maxGaps  = 20  // files that could not be read are gaps of their own; the rest is counted
	maxFiles = 100 // files that were read are extents of their own; more are one
)

var errUnfinished = errors.New("was not read to its end")

// Coverage says what was read of the list, what was left out of it, and what could not be read. Files that were not scanned
// are gaps.
func (l *List) Coverage() (extents []audit.Extent, excluded []audit.Exclusion, gaps []audit.Gap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	read := audit.Extent{}
	files, newer := 0, int64(0)
	var missing remainder
	for i, o := range l.read {
		newer += o.newer
		switch {
		case o.err != nil:
			missing.add(l, i, o.err)
		case !o.scanned:
			missing.add(l, i, errUnfinished)
		default:
			files++
			read.Records += o.rows
			if files <= maxFiles {
				extents = append(extents, audit.Extent{Name: l.name(i), Records: o.rows, Checksum: "md5:" + l.manifest.Files[i].MD5})
			}
		}
	}
	if files > maxFiles { // their checksums are those that the manifest names
		read.Name = fmt.Sprintf("%d files of %s", files, l.where)
		extents = []audit.Extent{read}
	}
	extents = append([]audit.Extent{{
		Name: l.where, Checksum: "md5:" + l.checksum,
		Totals: map[string]string{"files": count(len(l.manifest.Files)), "scan": l.Scanned.Format(time.RFC3339), "format": l.manifest.FileFormat},
	}}, extents...)
	if newer > 0 {
		excluded = []audit.Exclusion{{Reason: "newer than the moment the audit speaks for", Records: newer}}
	}
	return extents, excluded, missing.gaps(l)
}

// remainder gathers the gaps of files: the first are named, the others counted by what is to be done about them.
type remainder struct {
	named []audit.Gap
	more  []further
}

type further struct {
	files int
	first audit.Gap
}

func (u *remainder) add(l *List, i int, err error) {
	g := l.source.unread(l.name(i), err)
	var skipped *skippedError
	if len(u.named) < maxGaps && !errors.As(err, &skipped) {
		u.named = append(u.named, g)
		return
	}
	for k := range u.more {
		if u.more[k].first.Remedy == g.Remedy {
			u.more[k].files++
			return
		}
	}
	u.more = append(u.more, further{1, g})
}

func (u *remainder) gaps(l *List) []audit.Gap {
	for _, m := range u.more {
		if m.files > 1 {
			m.first.Reason = fmt.Sprintf("%d more files of %s, the first of them: %s", m.files, l.where, m.first.Reason)
		}
		u.named = append(u.named, m.first)
	}
	return u.named
}
