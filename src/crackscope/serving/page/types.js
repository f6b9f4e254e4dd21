// @ts-check
/**
 * What the API answers with; `/docs` describes it in full.
 *
 * @typedef {[number, number, number, number]} Box left, top, right, bottom in pixels of the upright photo
 * @typedef {"Positive" | "Negative"} Label
 *
 * @typedef {object} Project
 * @property {number} id
 * @property {string} name
 * @property {string} structure
 * @property {string} element
 * @property {string} inspector
 * @property {string | null} inspected_on
 * @property {string} notes
 * @property {number} photos
 * @property {string} condition_list a shipped list, own, or empty
 * @property {string} own_conditions a class a line
 * @property {string} report_number
 * @property {string} letterhead name and address, a line each
 * @property {boolean} has_logo
 *
 * @typedef {object} SiteCut
 * @property {number} threshold
 * @property {number} model_threshold
 * @property {number} photos
 * @property {number} positive at or above the model's threshold
 * @property {string} reason
 *
 * @typedef {[number, number]} PointXY in pixels of the upright photo
 * @typedef {{kind: "box" | "polygon" | "polyline", points_xy: PointXY[]}} Shape
 *
 * @typedef {object} Statement
 * @property {string} kind
 * @property {Shape} shape
 * @property {number | null} width_mm typed by a person
 * @property {string | null} width_method
 * @property {{scale: string, code: string}[]} ratings
 * @property {string} recommendation
 * @property {string} note
 *
 * @typedef {object} Finding
 * @property {number} id
 * @property {number} number in the project, for good
 * @property {number} act_id the act that counts
 * @property {Statement} statement
 * @property {number} photo_id
 * @property {string} photo its name
 * @property {string} element
 * @property {number | null} length_mm of a line, where the photo has a scale
 * @property {string} who
 *
 * @typedef {{id: number, statement: Statement | null, who: string, created_at: string}} FindingAct null: withdrawn
 *
 * @typedef {object} ConditionList
 * @property {string} title
 * @property {{code: string, name: Record<string, string>, classes: {code: string, en: string, de: string}[]}[]} scales
 *
 * @typedef {object} Element a part of the structure
 * @property {number} id 0: the photos of none
 * @property {string} name
 * @property {number | null} mm_per_px
 * @property {number} photos
 * @property {number} positive
 * @property {number} needed
 * @property {number} reviewed
 * @property {number} findings
 *
 * @typedef {object} Region
 * @property {Box} box_ltrb_px
 * @property {number} score
 * @property {number} area_px
 * @property {number} [region]
 *
 * @typedef {object} Place a region or a drawn box, as it counts
 * @property {string} name the region's number, or a letter
 * @property {Box} box_ltrb
 * @property {Label} label Negative: rejected
 * @property {boolean} drawn
 * @property {number | null} score
 * @property {number | null} area_px
 * @property {number | null} review_id null: only the model has spoken
 * @property {string | null} who
 *
 * @typedef {object} Result
 * @property {number} id
 * @property {Label} label
 * @property {number} score
 * @property {number} threshold
 * @property {string | null} reason
 * @property {number} cracked_share
 * @property {number} tile_px
 * @property {string} model_sha256
 * @property {{mm_per_px?: number | null}} settings
 * @property {Region[]} regions
 *
 * @typedef {object} Review
 * @property {number} id
 * @property {number} photo_id
 * @property {Box | null} box_ltrb
 * @property {"confirm" | "reject" | "relabel" | "note" | "undo"} action
 * @property {Label | null} old_label
 * @property {Label | null} new_label
 * @property {string} note
 * @property {string} who
 * @property {string} created_at
 * @property {boolean} undone
 * @property {number | null} undoes_id
 * @property {string} [photo_name] in trails
 * @property {string | null} [place] in trails: the number of a region or the letter of a drawn box
 *
 * @typedef {object} Photo
 * @property {number} id
 * @property {number | null} project_id
 * @property {number | null} element_id
 * @property {{mm_per_px: number | null, source: string, measured: object | null}} scale
 * @property {string} name
 * @property {string} sha256
 * @property {number} width_px
 * @property {number} height_px
 * @property {number} size_bytes
 * @property {string | null} taken_at
 * @property {string | null} camera
 * @property {number | null} latitude
 * @property {number | null} longitude
 * @property {string | null} expires_at
 * @property {"queued" | "running" | "done" | "failed"} status
 * @property {string | null} error
 * @property {Label | null} label
 * @property {boolean} reviewed
 * @property {number | null} same_as the first photo of the project with the very same file
 * @property {string | null} question what only a person can answer
 * @property {Review | null} decision what settled the label
 * @property {Place[]} places
 * @property {Result | null} result
 *
 * @typedef {object} Grid
 * @property {number} rows
 * @property {number} columns
 * @property {number[][]} scores where a crack runs, 0 to 1
 * @property {number[][] | null} tile_scores how sure the tiles over the cell are; null: not known
 *
 * @typedef {object} Counts
 * @property {number} total
 * @property {number} waiting
 * @property {number} failed
 * @property {number} positive
 * @property {number} negative
 * @property {number} needed
 * @property {number} reviewed
 * @property {number} would_change
 * @property {number[]} open_jobs
 * @property {string} version
 *
 * @typedef {object} Job
 * @property {number} id
 * @property {string} kind
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} status
 * @property {number} done
 * @property {number} total
 * @property {string | null} error
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {number | null} project_id
 * @property {string | null} project
 *
 * @typedef {object} Comparison
 * @property {Job | null} job the last that was asked for
 * @property {{earlier: string, later: string, compared: number, not_compared: number, counts: Record<string, number>} | null} result of the last that was finished
 */

export {};
