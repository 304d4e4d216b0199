package tabular

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileFooters: a footer whose lists claim more than there are bytes is refused before anything makes room for them.
func TestHostileFooters(t *testing.T) {
	t.Parallel()
	list := binary.AppendUvarint([]byte{0x29, 0xfc}, 99_000_000) // the schema: structs
	for says, footer := range map[string][]byte{
		"breaks off":       append(list, 0, 0, 0, 0),
		"breaks off or is": {0x19, 0xfb, 0xff, 0xff}, // a map
	} {
		file := append([]byte(magicParquet), footer...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(footer)))
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, append(file, magicParquet...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v", err)
		}
	}
}
