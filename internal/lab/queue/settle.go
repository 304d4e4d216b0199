package queue

import "time"

// entry is one message of a batch.
type entry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int `json:",omitempty"`
}

func (q *Queue) deleteMessage(in struct{ QueueUrl, ReceiptHandle string }) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	m := q.held(in.ReceiptHandle)
	if m == nil {
		return nil, &Fault{Code: "ReceiptHandleIsInvalid", Message: "The input receipt handle is invalid."}
	}
	q.remove(m)
	q.asked = append(q.asked, Asked{Operation: "DeleteMessage", Messages: []string{m.id}})
	return object{}, nil
}

func (q *Queue) changeVisibility(in struct {
	QueueUrl, ReceiptHandle string
	VisibilityTimeout       int
},
) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	m := q.held(in.ReceiptHandle)
	if m == nil {
		return nil, &Fault{Code: "ReceiptHandleIsInvalid", Message: "The input receipt handle is invalid."}
	}
	m.until = q.now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
	q.asked = append(q.asked, Asked{Operation: "ChangeMessageVisibility", Hidden: in.VisibilityTimeout, Messages: []string{m.id}})
	return object{}, nil
}

type batch struct {
	QueueUrl string
	Entries  []entry
}

func (q *Queue) deleteBatch(in batch) (any, *Fault) {
	return q.each(in, "DeleteMessageBatch", func(m *message, _ entry) { q.remove(m) })
}

func (q *Queue) changeBatch(in batch) (any, *Fault) {
	return q.each(in, "ChangeMessageVisibilityBatch", func(m *message, e entry) {
		m.until = q.now.Add(time.Duration(value(e.VisibilityTimeout, 0)) * time.Second)
	})
}

// each does something to every message of a batch. What it cannot do to one is told of that one.
func (q *Queue) each(in batch, operation string, do func(*message, entry)) (any, *Fault) {
	if f := q.named(in.QueueUrl); f != nil {
		return nil, f
	}
	switch {
	case len(in.Entries) == 0:
		return nil, &Fault{Code: "AWS.SimpleQueueService.EmptyBatchRequest", Type: "com.amazonaws.sqs#EmptyBatchRequest"}
	case len(in.Entries) > 10:
		return nil, &Fault{Code: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", Type: "com.amazonaws.sqs#TooManyEntriesInBatchRequest"}
	}
	asked, done, refused, seen := Asked{Operation: operation}, []object{}, []object{}, map[string]bool{}
	for _, e := range in.Entries {
		if seen[e.ID] {
			return nil, &Fault{Code: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", Type: "com.amazonaws.sqs#BatchEntryIdsNotDistinct"}
		}
		seen[e.ID] = true
	}
	for _, e := range in.Entries {
		m := q.held(e.ReceiptHandle)
		if m == nil {
			refused = append(refused, object{"Id": e.ID, "SenderFault": true, "Code": "ReceiptHandleIsInvalid", "Message": "The input receipt handle is invalid."})
			continue
		}
		do(m, e)
		asked.Messages = append(asked.Messages, m.id)
		done = append(done, object{"Id": e.ID})
	}
	q.asked = append(q.asked, asked)
	return object{"Successful": done, "Failed": refused}, nil
}

// held is the message that was delivered under a handle. One that was delivered again since is known by the newest only: the
// service may still accept an older handle, and nobody may rely on it.
func (q *Queue) held(handle string) *message {
	for _, m := range q.messages {
		if m.handle == handle && handle != "" {
			return m
		}
	}
	return nil
}

func (q *Queue) remove(gone *message) {
	kept := q.messages[:0]
	for _, m := range q.messages {
		if m != gone {
			kept = append(kept, m)
		}
	}
	q.messages = kept
}
