package ddbjson_test

import (
	"errors"
	"strings"
	"testing"

	"parallax/internal/ddbjson"
)

const (
	good  = `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","ApproximateCreationDateTime":1,"Keys":{"pk":{"S":"k"}},"NewImage":{"pk":{"S":"k"}}}}`
	taken = "taken"
)

// bodies are answers as a whole: taken, refused for a reason, or with one record that is, named by what.
var bodies = []struct{ name, body, refused, fault string }{
	{name: "no records", body: `{"Records":[]}`, refused: taken},
	{name: "blanks", body: " \n{ \"Records\" : [ ] , \"NextShardIterator\" : null }\t\r\n", refused: taken},
	{name: "unknown members", body: `{"X":{"a":[1,-2.5e+3,true,false,null,"\ud800 \n é",{}]},"Records":[` + good + `]}`, refused: taken},
	{name: "empty", body: ``, refused: "not an object"},
	{name: "null", body: `null`, refused: "not an object"},
	{name: "nothing in it", body: `{}`, refused: "an answer without records"},
	{name: "null records", body: `{"Records":null}`, refused: "records that are not a list"},
	{name: "a page of a proxy", body: `<html><body>502 Bad Gateway</body></html>`, refused: "not an object"},
	{name: "cut", body: `{"Records":[` + good[:60], refused: "a string without an end"},
	{name: "cut behind a record", body: `{"Records":[` + good, refused: "neither a further element nor the end of a list"},
	{name: "cut before the end", body: `{"Records":[]`, refused: "neither a further member nor the end of an object"},
	{name: "two answers", body: `{"Records":[]}{"Records":[]}`, refused: "something behind the end"},
	{name: "records twice", body: `{"Records":[],"Records":[]}`, refused: "a member that is there twice"},
	{name: "iterator twice", body: `{"Records":[],"NextShardIterator":"a","NextShardIterator":"b"}`, refused: "a member that is there twice"},
	{name: "sequence number twice", body: one(`"SequenceNumber":"1","SequenceNumber":"2"`), refused: "a member that is there twice"},
	{name: "comma too many", body: `{"Records":[` + good + `,]}`, refused: "not a value"},
	{name: "not UTF-8", body: one("\"SequenceNumber\":\"1\",\"Keys\":{\"pk\":{\"S\":\"\xff\"}}"), refused: "a string that is not UTF-8"},
	{name: "a control character", body: one("\"SequenceNumber\":\"1\",\"Keys\":{\"pk\":{\"S\":\"\n\"}}"), refused: "a control character in a string"},
	{name: "a number of words", body: `{"Records":[],"X":01}`, refused: "neither a further member nor the end of an object"},
	{name: "too deep", body: `{"Records":[],"X":` + strings.Repeat("[", 100_000) + `}`, refused: "nested too deep"},
	{name: "a record that is null", body: `{"Records":[null,` + good + `]}`, fault: "record 1: not an object"},
	{name: "a record that is a list", body: `{"Records":[` + good + `,[1]]}`, fault: "record 2: not an object"},
	{name: "no dynamodb", body: `{"Records":[{"eventName":"INSERT"}]}`, fault: "record 1: keys: missing"},
	{name: "dynamodb of no kind", body: `{"Records":[{"eventName":"INSERT","dynamodb":null}]}`, fault: "record 1: dynamodb: missing"},
	{name: "no sequence number", body: one(`"Keys":{"pk":{"S":"k"}},"NewImage":{"pk":{"S":"k"}}`), fault: "record 1: sequence number: missing"},
	{name: "a sequence number of words", body: one(`"SequenceNumber":"seven"`), fault: "record 1: sequence number: not a number"},
	{name: "no time", body: strings.Replace(one(`"SequenceNumber":"1","Keys":{"pk":{"S":"k"}}`), `"ApproximateCreationDateTime":1,`, "", 1), fault: "record 1, sequence number 1: time: missing"},
	{name: "a time of words", body: strings.Replace(one(`"SequenceNumber":"1"`), `DateTime":1`, `DateTime":"now"`, 1), fault: "record 1, sequence number 1: time: not a number"},
	{name: "a time out of time", body: strings.Replace(one(`"SequenceNumber":"1"`), `DateTime":1`, `DateTime":1e30`, 1), fault: "record 1, sequence number 1: time: not a time"},
	{name: "no keys", body: one(`"SequenceNumber":"1"`), fault: "record 1, sequence number 1: keys: missing"},
	{name: "another key", body: one(`"SequenceNumber":"1","Keys":{"id":{"S":"k"}}`), fault: "record 1, sequence number 1: keys: no attribute pk"},
	{name: "a key of a type", body: one(`"SequenceNumber":"1","Keys":{"pk":{"BOOL":true}}`), fault: "record 1, sequence number 1: keys: attribute pk is of a type that no key has"},
	{name: "no event", body: strings.Replace(`{"Records":[`+good+`]}`, `"eventName":"INSERT",`, "", 1), fault: "record 1, sequence number 1: event name: missing"},
	{name: "an unknown event", body: strings.Replace(`{"Records":[`+good+`]}`, `INSERT`, "UPSERT", 1), fault: "record 1, sequence number 1: event name: unknown"},
	{name: "images of another event", body: strings.Replace(`{"Records":[`+good+`]}`, `INSERT`, "MODIFY", 1), fault: "record 1, sequence number 1: images: not those of a modification"},
	{name: "an image left behind", body: strings.Replace(`{"Records":[`+good+`]}`, `INSERT`, "REMOVE", 1), fault: "record 1, sequence number 1: images: not those of a removal"},
	{name: "an insert of nothing", body: strings.Replace(`{"Records":[`+good+`]}`, `"NewImage":{"pk":{"S":"k"}}`, `"NewImage":{}`, 1), fault: "record 1, sequence number 1: images: not those of an insert"},
	{name: "a name that is a long number", body: one(`"SequenceNumber":"1","NewImage":{"` + strings.Repeat("7", 16) + `":{"N":"x"}}`), fault: "record 1, sequence number 1: new image: attribute with a long number for its name: not a number"},
}

// one is a page of one insert with these members beside its time.
func one(members string) string {
	return `{"Records":[{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1,` + members + `}}]}`
}

func TestBodies(t *testing.T) {
	for _, c := range bodies {
		t.Run(c.name, func(t *testing.T) {
			p, err := ddbjson.Records([]byte(c.body), []string{"pk"})
			var syntax *ddbjson.SyntaxError
			switch {
			case c.fault != "":
				if err != nil || len(p.Faults) != 1 || p.Faults[0].Error() != c.fault {
					t.Errorf("%v, faults %v", err, p.Faults)
				}
			case c.refused == taken:
				if err != nil || len(p.Faults) > 0 {
					t.Errorf("%v, faults %v", err, p.Faults)
				}
			case !errors.As(err, &syntax) || syntax.Reason != c.refused:
				t.Errorf("%v, want %s", err, c.refused)
			}
			compare(t, []byte(c.body))
		})
	}
}

// A body that ends anywhere is refused: nothing of it is taken for a page, let alone for the end of a shard.
func TestNoPartOfABodyIsTaken(t *testing.T) {
	whole := []byte(body)
	for n := range whole {
		if p, err := ddbjson.Records(whole[:n], []string{"pk", "sk"}); err == nil {
			t.Fatalf("the first %d bytes are taken for a page of %d records", n, len(p.Changes))
		}
	}
}
