package queue

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what the service sends
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

type object = map[string]any

type operation func(q *Queue, body []byte) (any, *Fault)

var operations = map[string]operation{
	"SendMessage":                  decoded((*Queue).sendMessage),
	"ReceiveMessage":               decoded((*Queue).receiveMessage),
	"DeleteMessage":                decoded((*Queue).deleteMessage),
	"DeleteMessageBatch":           decoded((*Queue).deleteBatch),
	"ChangeMessageVisibility":      decoded((*Queue).changeVisibility),
	"ChangeMessageVisibilityBatch": decoded((*Queue).changeBatch),
	"GetQueueAttributes":           decoded((*Queue).getAttributes),
	"GetQueueUrl":                  decoded((*Queue).getURL),
}

// decoded makes an operation of a method with a typed request. A field the method does not know is refused: a stand-in
// that ignored it would answer another question than the one asked.
func decoded[In any](answer func(*Queue, In) (any, *Fault)) operation {
	return func(q *Queue, body []byte) (any, *Fault) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, &Fault{Code: "InvalidParameterValue", Message: err.Error()}
		}
		return answer(q, in)
	}
}

func (q *Queue) named(url string) *Fault {
	if strings.HasSuffix(url, "/"+account+"/"+q.options.Name) {
		return nil
	}
	return missing()
}

func missing() *Fault {
	return &Fault{
		Code: "AWS.SimpleQueueService.NonExistentQueue", Type: "com.amazonaws.sqs#QueueDoesNotExist",
		Message: "The specified queue does not exist.",
	}
}

func (q *Queue) getURL(in struct{ QueueName string }) (any, *Fault) {
	if in.QueueName != q.options.Name {
		return nil, missing()
	}
	return object{"QueueUrl": q.URL()}, nil
}

func (q *Queue) sendMessage(in struct{ QueueUrl, MessageBody string }) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	q.mu.Unlock()
	id := q.Send(in.MessageBody)
	q.mu.Lock()
	return object{"MessageId": id, "MD5OfMessageBody": sum(in.MessageBody)}, nil
}

// receiveMessage answers what is there. A short poll asks only some of the service's machines, so here every other one finds
// nothing; a long poll asks all of them, and here does not wait, for nothing would come.
func (q *Queue) receiveMessage(in struct {
	QueueUrl                                                string
	MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout *int
	MessageSystemAttributeNames                             []string
},
) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	wait, hidden, most := value(in.WaitTimeSeconds, 0), value(in.VisibilityTimeout, int(q.options.Hidden/time.Second)), value(in.MaxNumberOfMessages, 1)
	if wait < 0 || wait > 20 || most < 1 || most > 10 || hidden < 0 || hidden > 43200 {
		return nil, &Fault{Code: "InvalidParameterValue", Message: "Value is outside its range."}
	}
	q.age()
	asked := Asked{Operation: "ReceiveMessage", Wait: wait, Hidden: hidden}
	if q.polls++; wait > 0 || q.polls%2 == 0 {
		for _, m := range q.pick(min(most, q.options.Page)) {
			m.receives++
			m.until = q.now.Add(time.Duration(hidden) * time.Second)
			m.handle = fmt.Sprintf("handle-%s-%d", m.id, m.receives)
			asked.Messages = append(asked.Messages, m.id)
		}
	}
	q.asked = append(q.asked, asked)
	out := object{}
	if len(asked.Messages) > 0 {
		out["Messages"] = q.shown(asked.Messages, in.MessageSystemAttributeNames)
	}
	return out, nil
}

// pick chooses messages by chance: those that nobody holds, and by Options.Repeat others that somebody does.
func (q *Queue) pick(most int) (picked []*message) {
	for _, i := range q.chance.Perm(len(q.messages)) {
		m := q.messages[i]
		hidden := m.until.After(q.now)
		if hidden && q.chance.Float64() >= q.options.Repeat || len(picked) == most {
			continue
		}
		picked = append(picked, m)
	}
	var kept []*message
	for _, m := range picked {
		if q.options.Receives == 0 || m.receives < q.options.Receives {
			kept = append(kept, m)
			continue
		}
		q.remove(m)
		q.dead = append(q.dead, m)
	}
	return kept
}

func (q *Queue) shown(ids, attributes []string) (out []object) {
	for _, id := range ids {
		for _, m := range q.messages {
			if m.id != id {
				continue
			}
			one := object{"MessageId": m.id, "ReceiptHandle": m.handle, "Body": m.body, "MD5OfBody": sum(m.body)}
			if m.sum != "" {
				one["MD5OfBody"] = m.sum
			}
			if len(attributes) > 0 {
				one["Attributes"] = object{
					"SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10), "ApproximateReceiveCount": strconv.Itoa(m.receives),
				}
			}
			out = append(out, one)
		}
	}
	return out
}

func (q *Queue) getAttributes(in struct {
	QueueUrl       string
	AttributeNames []string
},
) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	q.age()
	hidden := 0
	for _, m := range q.messages {
		if m.until.After(q.now) {
			hidden++
		}
	}
	all := object{
		"ApproximateNumberOfMessages":           strconv.Itoa(len(q.messages) - hidden),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
		"ApproximateNumberOfMessagesDelayed":    "0",
		"MessageRetentionPeriod":                strconv.Itoa(int(q.options.Retention / time.Second)),
		"VisibilityTimeout":                     strconv.Itoa(int(q.options.Hidden / time.Second)),
		"QueueArn":                              "arn:aws:sqs:" + q.options.Region + ":" + account + ":" + q.options.Name,
	}
	if q.options.Receives > 0 {
		all["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:%s:%s:%s-dead","maxReceiveCount":%d}`,
			q.options.Region, account, q.options.Name, q.options.Receives)
	}
	out := object{}
	for name, v := range all {
		for _, asked := range in.AttributeNames {
			if asked == name || asked == "All" {
				out[name] = v
			}
		}
	}
	return object{"Attributes": out}, nil
}

func value(given *int, otherwise int) int {
	if given == nil {
		return otherwise
	}
	return *given
}

func sum(body string) string {
	s := md5.Sum([]byte(body)) //nolint:gosec // what the service sends
	return hex.EncodeToString(s[:])
}
