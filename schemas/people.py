"""Canonical tables about people: customers, their families, their objections."""

from schemas.columns import Kind, decides, deletion, item, key, link

PHONE_COLUMNS = ("phone", "mobile_phone", "fax")
"""Columns of customers that hold telephone numbers."""

CHANNELS = ("counter", "phone", "letter", "mail")
"""By which customers object; other words may hold a person's data, and are not kept."""


class Customers:
    """One row per customer number of the shop."""

    customer_id = key("顧客番号")
    kind = decides(Kind.CODE, "個人・法人の別", nullable=False, codes=["individual", "corporate"])
    merged_into_customer_id = decides(Kind.IDENTIFIER, "統合先の顧客番号")
    is_deleted = deletion()
    name = item("1.name", Kind.NAME, "氏名", nullable=False)
    name_kana = item("1.name", Kind.NAME, "フリガナ")
    sex = item("1.sex", Kind.CODE, "性別", codes=["male", "female", "other"])
    postal_code = item("1.address", Kind.POSTAL_CODE, "郵便番号")
    address = item("1.address", Kind.ADDRESS, "住所")
    phone = item("1.phone", Kind.PHONE, "電話番号")
    mobile_phone = item("1.phone", Kind.PHONE, "携帯電話番号")
    fax = item("1.fax", Kind.PHONE, "FAX番号")
    email = item("1.email", Kind.EMAIL, "メールアドレス")
    birth_on = item("1.birth_date", Kind.DAY, "生年月日")
    replacement_intent = item("1.replacement_intent", Kind.FREE_TEXT, "買替等の意向")
    occupation = item("1.occupation", Kind.FREE_TEXT, "職業・職種")


class FamilyMembers:
    """One row per member of a customer's family."""

    family_member_id = key("家族番号")
    customer_id = link("顧客番号", to="customers")
    linked_customer_id = decides(Kind.IDENTIFIER, "本人の顧客番号")
    is_deleted = deletion()
    relation = item("1.family", Kind.FREE_TEXT, "続柄")
    name = item("1.family", Kind.NAME, "家族氏名")
    birth_on = item("1.family", Kind.DAY, "家族生年月日")


class Objections:
    """One row per objection; what cannot be read here is read as the widest refusal."""

    objection_id = key("申し出番号")
    customer_id = link("顧客番号", to="customers")
    scope = decides(Kind.CODE, "申し出の範囲")
    partner = decides(Kind.CODE, "共同利用者")
    purpose = decides(Kind.CODE, "利用目的")
    received_on = decides(Kind.DAY, "受付日")
    effective_on = decides(Kind.DAY, "効力発生日")
    lifted_on = decides(Kind.DAY, "撤回日")
    channel = decides(Kind.TEXT, "受付方法")
