package kinesis_test

import (
	"encoding/json"
	"testing"

	"parallax/internal/ddbjson"
	labkinesis "parallax/internal/lab/kinesis"
)

// FuzzRecord reads any text as a record of the feed. What is taken is JSON, says what encoding/json finds in it, and has
// canonical images.
func FuzzRecord(f *testing.F) {
	l := lab{now: start}
	c := l.insert(1)
	f.Add(c.JSON())
	c.Micro, c.ByTTL, c.Event, c.Old, c.New = false, true, "REMOVE", c.New, nil
	f.Add(c.JSON())
	f.Add([]byte(`{"eventName":"MODIFY","eventID":"\u0061","dynamodb":{"Keys":{"pk":{"B":"AA=="}},"ApproximateCreationDateTime":1.5E12,"OldImage":{"pk":{"B":"AA=="}},"NewImage":{"pk":{"B":"AA=="},"x":{"NS":["1","2"]}}}}`))
	f.Add(labkinesis.Change{}.JSON())
	f.Add([]byte("\xF3\x89\x9A\xC2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, event, err := ddbjson.Kinesis(data, []string{"pk"})
		if err != nil {
			return
		}
		var want struct {
			EventID   string `json:"eventID"`
			EventName string `json:"eventName"`
			TableName string `json:"tableName"`
			AwsRegion string `json:"awsRegion"`
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatalf("took what is not JSON: %v", err)
		}
		for name, into := range map[string]*string{
			"eventID": &want.EventID, "eventName": &want.EventName, "tableName": &want.TableName, "awsRegion": &want.AwsRegion,
		} {
			if text, ok := members[name]; ok {
				if err := json.Unmarshal(text, into); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if event != want.EventID || c.Event != want.EventName || c.Table != want.TableName || string(c.Region) != want.AwsRegion {
			t.Errorf("%+v, %q, want %+v", c, event, want)
		}
		if !c.Old.Absent() && !c.Old.Canonical() || !c.New.Absent() && !c.New.Canonical() || c.Old.Absent() && c.New.Absent() {
			t.Errorf("images %q, %q", c.Old, c.New)
		}
	})
}
