package globaltable

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// iterator is a place in a shard: behind the record of a number. To clients it is a text without meaning.
type iterator struct {
	arn, shard string
	after      uint64
}

func (it iterator) text() string {
	return it.arn + "|1|" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s/%d", it.shard, it.after))
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
	shard, number, _ := strings.Cut(string(place), "/")
	after, err := strconv.ParseUint(number, 10, 64)
	return iterator{parts[0], shard, after}, err == nil
}

func parseSequence(text string) (uint64, bool) {
	digits, ok := strings.CutPrefix(text, "1")
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
