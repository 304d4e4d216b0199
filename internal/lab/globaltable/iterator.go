package globaltable

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// iterator is a place in a shard: behind the record of a number, and how many pages led there, as no page of the service
// answers with the iterator it was asked with. To clients it is a text without meaning.
type iterator struct {
	arn, shard   string
	after, pages uint64
}

func (it iterator) text() string {
	return it.arn + "|1|" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s/%d/%d", it.shard, it.after, it.pages))
}

func parseIterator(text string) (iterator, bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 3 {
		return iterator{}, false
	}
	place, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return iterator{}, false
	}
	parts = append(parts[:1], strings.Split(string(place), "/")...)
	if len(parts) != 4 {
		return iterator{}, false
	}
	after, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return iterator{}, false
	}
	pages, err := strconv.ParseUint(parts[3], 10, 64)
	return iterator{parts[0], parts[1], after, pages}, err == nil
}

func parseSequence(text string) (uint64, bool) {
	digits, ok := strings.CutPrefix(text, "1")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
