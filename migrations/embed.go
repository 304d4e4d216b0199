// Package migrations holds the store's schema as numbered SQL files, NNNN_name.sql, applied in order and never backwards.
// A file that has been released is never edited: the store remembers the checksum of each and refuses another.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
)

//go:embed *.sql
var files embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version  int
	Name     string // of the file
	SQL      string
	Checksum string // SHA-256 of SQL, in hexadecimal
}

var fileName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// All lists the migrations in order. Versions run from 1 without gaps.
func All() ([]Migration, error) {
	entries, err := files.ReadDir(".") // sorted by name
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	all := make([]Migration, 0, len(entries))
	for _, e := range entries {
		m := fileName.FindStringSubmatch(e.Name())
		if m == nil {
			return nil, fmt.Errorf("list migrations: %s is not named NNNN_name.sql", e.Name())
		}
		version, err := strconv.Atoi(m[1])
		if err != nil || version != len(all)+1 {
			return nil, fmt.Errorf("list migrations: %s is not number %04d", e.Name(), len(all)+1)
		}
		sql, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("list migrations: %w", err)
		}
		sum := sha256.Sum256(sql)
		all = append(all, Migration{Version: version, Name: e.Name(), SQL: string(sql), Checksum: hex.EncodeToString(sum[:])})
	}
	return all, nil
}
